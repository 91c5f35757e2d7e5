import { describe, expect, test } from "vitest";
import type { ParameterView } from "@/api/own-types";
import { changes, initialTexts, readAll, readText, textOf } from "./parameters";

const parameter = (type: ParameterView["type"], more: Partial<ParameterView> = {}): ParameterView => ({ name: "p", type, optional: false, literals: [], ...more });

describe("reading a text", () => {
  test.each([
    ["STRING", "", { problem: "This parameter has no default: give it a value." }],
    ["STRING", " a ", { value: " a " }],
    ["NUMBER_INTEGER", " 42 ", { value: 42 }],
    ["NUMBER_INTEGER", "4.2", { problem: "A whole number, such as 42." }],
    ["NUMBER_DOUBLE", "1e-3", { value: 0.001 }],
    ["NUMBER_DOUBLE", "much", { problem: "A number, such as 0.25 or 1e-3." }],
    ["BOOLEAN", "true", { value: true }],
    ["BOOLEAN", "yes", { problem: "true or false." }],
    ["LIST", "[1, [2]]", { value: [1, [2]] }],
    ["LIST", "{}", { problem: "A JSON list, such as [1, 2]." }],
    ["STRUCT", '{"a": null}', { value: { a: null } }],
    ["STRUCT", "[]", { problem: 'A JSON object, such as {"depth": 3}.' }],
  ] as const)("%s %j", (type, text, read) => expect(readText(parameter(type), text)).toEqual(read));

  test("broken JSON says where", () => {
    expect(readText(parameter("LIST"), "[1,")).toEqual({ problem: expect.stringContaining("Not JSON") });
  });
  test("only literals are taken", () => {
    const choice = parameter("NUMBER_INTEGER", { literals: [1, 2] });
    expect(readText(choice, "2")).toEqual({ value: 2 });
    expect(readText(choice, "3")).toEqual({ problem: "One of 1, 2." });
  });
  test("an emptied text with a default is the empty text, not the default", () => {
    expect(readText(parameter("STRING", { default: "x" }), "")).toEqual({ value: "" });
    expect(readText(parameter("STRING", { optional: true }), "")).toEqual({ value: undefined });
    expect(readText(parameter("NUMBER_INTEGER", { default: 3 }), "")).toEqual({ value: undefined });
  });
});

test("what equals a default is left out, what was given is kept", () => {
  const parameters = [
    { ...parameter("NUMBER_INTEGER", { default: 3, optional: true }), name: "n" },
    { ...parameter("STRING"), name: "s" },
    { ...parameter("STRUCT", { default: { a: 1 }, optional: true }), name: "d" },
    { ...parameter("TASK_FINAL_STATUS"), name: "status" },
  ];
  const texts = initialTexts(parameters, { s: "given" });
  expect(texts).toEqual({ n: "3", s: "given", d: '{\n  "a": 1\n}' });
  expect(readAll(parameters, texts)).toEqual({ values: { s: "given" }, problems: {} });
  expect(readAll(parameters, { ...texts, n: "x", s: "" }).problems).toEqual({ n: expect.any(String), s: expect.any(String) });
});

test("lists of v1 pipelines are text already", () => {
  expect(textOf(parameter("LIST"), "[1, 2]")).toBe("[1, 2]");
});

test("a run again takes what was changed, and judges nothing else", () => {
  const parameters = [
    { ...parameter("NUMBER_INTEGER", { default: 3, optional: true }), name: "n" },
    { ...parameter("STRING"), name: "never given" },
  ];
  const texts = initialTexts(parameters, { n: 5 });
  expect(changes(parameters, { n: 5 }, texts)).toEqual({ changed: {}, problems: {} });
  expect(changes(parameters, { n: 5 }, { ...texts, n: "3" })).toEqual({ changed: { n: 3 }, problems: {} });
  expect(changes(parameters, { n: 5 }, { ...texts, n: "" })).toEqual({ changed: { n: 3 }, problems: {} });
  expect(changes(parameters, { n: 5 }, { ...texts, n: "x" }).problems).toEqual({ n: expect.any(String) });
});
