import { describe, expect, test } from "vitest";
import type { ParameterView, TaskProgress } from "@/api/own-types";
import { arranged } from "./panel/IterationsTab";
import { filled, parameterText, parseParameter } from "./parameters";

const parameter = (type: string, literals: ParameterView["literals"] = []): ParameterView => ({ name: "p", type, optional: false, literals });

describe("parameters", () => {
  test.each([
    ["NUMBER_INTEGER", " 7 ", { value: 7 }],
    ["NUMBER_INTEGER", "7.5", { problem: "a whole number" }],
    ["NUMBER_DOUBLE", "1e-3", { value: 0.001 }],
    ["NUMBER_DOUBLE", "", { problem: "a number" }],
    ["BOOLEAN", "True", { value: true }],
    ["LIST", "[1]", { value: [1] }],
    ["LIST", "{}", { problem: "a list in JSON, such as [1, 2]" }],
    ["STRUCT", "null", { problem: 'an object in JSON, such as {"a": 1}' }],
    ["STRING", " kept ", { value: " kept " }],
  ])("%s from %j", (type, text, expected) => {
    expect(parseParameter(parameter(type), text)).toEqual(expected);
  });
  test("are one of their literals where they have some", () => {
    expect(parseParameter(parameter("STRING", ["a", "b"]), "a")).toEqual({ value: "a" });
    expect(parseParameter(parameter("STRING", ["a", "b"]), "c")).toEqual({ problem: 'one of "a", "b"' });
  });
  test.each([
    ["STRING", "x", "x"],
    ["LIST", [1], "[\n  1\n]"],
    ["NUMBER_DOUBLE", 0.5, "0.5"],
    ["STRING", undefined, ""],
  ])("%s %j as text", (type, value, text) => {
    expect(parameterText(parameter(type), value)).toBe(text);
  });
});

test("iterations that failed come first, and are found by number or item", () => {
  const make = (iteration: number, state: TaskProgress["state"]): TaskProgress => ({
    key: `root/l[${iteration}]`, name: "l", display_name: "l", kind: "iteration", spans: [], attempts: 1, iteration, state, item: { lr: iteration / 10 },
  });
  const all = [make(0, "SUCCEEDED"), make(1, "SUCCEEDED"), make(2, "FAILED"), make(12, "FAILED")];
  expect(arranged(all, "", undefined).map((one) => one.iteration)).toEqual([2, 12, 0, 1]);
  expect(arranged(all, "1", undefined).map((one) => one.iteration)).toEqual([12, 1]);
  expect(arranged(all, "lr=0.2", "FAILED").map((one) => one.iteration)).toEqual([2]);
});

test("placeholders are filled by what is known", () => {
  const given = [{ name: "path", value: "/mnt" }, { name: "n", value: 3 }];
  expect(filled("{{$.inputs.parameters['path']}}/{{$.inputs.parameters['n']}}/{{$.inputs.parameters['other']}}", given)).toBe("/mnt/3/{{$.inputs.parameters['other']}}");
});
