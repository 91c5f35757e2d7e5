import { expect, test } from "vitest";
import { asked, kindOf, written, type Draft } from "./kinds";

const draft: Draft = { kind: "TABLE", source: " /a.csv ", text: "", code: "" };

test.each<[string, Partial<Draft>, unknown]>([
  ["a table without arguments", {}, { type: "TABLE", source: "/a.csv", arguments: {} }],
  ["arguments are handed on", { text: '{"headers": ["a"]}' }, { type: "TABLE", source: "/a.csv", arguments: { headers: ["a"] } }],
  ["code goes as lines, beside the arguments", { kind: "CUSTOM", source: "", text: '{"a": 1}', code: "x\ny" }, { type: "CUSTOM", source: "", arguments: { a: 1, code: ["x", "y"] } }],
  ["code of another kind is left out", { code: "x" }, { type: "TABLE", source: "/a.csv", arguments: {} }],
  ["no source", { source: " " }, undefined],
  ["no code", { kind: "CUSTOM", code: "\n" }, undefined],
])("%s", (_, change, expected) => {
  expect(asked({ ...draft, ...change }).asked).toEqual(expected);
});

test.each(["[1]", "null", "3", "{"])("%s is no arguments", (text) => {
  const found = asked({ ...draft, text });
  expect(found.asked).toBeUndefined();
  expect(found.argumentsProblem).toMatch(/JSON/);
});

test("an unknown kind in the address is a table", () => {
  expect([kindOf("ROC_CURVE"), kindOf("toString"), kindOf(undefined)]).toEqual(["ROC_CURVE", "TABLE", "TABLE"]);
});

test("what a run was given is read back as it was written", () => {
  expect(written({ n: 3, code: ["x", "y"] })).toEqual({ text: '{"n":3}', code: "x\ny" });
  expect(written({ code: "x" })).toEqual({ text: "", code: "x" });
  expect(written(undefined)).toEqual({ text: "", code: "" });
});
