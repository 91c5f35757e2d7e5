import { describe, expect, test } from "vitest";
import { changeText, differingNodes, firstCurves, oddOnes, spanOf, valueText } from "./rows";

describe("values beside one another", () => {
  test.each([
    [[1, 1, 2], [false, false, true]],
    [[1, 2], [true, true]],
    [[{ a: 1 }, { a: 1 }], [false, false]],
    [[null, undefined], [false, false]],
    [["1", 1, 1], [true, false, false]],
  ])("%j", (values, odd) => {
    expect(oddOnes(values)).toEqual(odd);
  });
  test("have a range when they are different numbers", () => {
    expect(spanOf([0.5, null, 0.7, "x"])).toEqual({ least: 0.5, most: 0.7 });
    expect(spanOf([1, 1])).toBeUndefined();
    expect(spanOf([1, null])).toBeUndefined();
  });
  test("change by percent of the first", () => {
    expect(changeText(0.55, 0.5)).toBe("+10 %");
    expect(changeText(0.49, 0.5)).toBe("−2.0 %");
    expect(changeText(1, 0)).toBeUndefined();
    expect(changeText(1, null)).toBeUndefined();
  });
  test("are written as text", () => {
    expect([null, "a", [1], 0].map((value) => valueText(value))).toEqual(["—", "a", "[1]", "0"]);
  });
});

test("tasks of iterations mark the node that stands for all of them", () => {
  const task = (key: string, differs: boolean) => ({ key, display_name: key, states: [], durations: [], differs, why: [] });
  expect(differingNodes([task("root/a", false), task("root/each[3]/b", true), task("root/each[4]/b", true)])).toEqual(new Set(["root/each/b"]));
});

test("the first three curves are shown", () => {
  expect(firstCurves(7)).toEqual([0, 1, 2]);
  expect(firstCurves(1)).toEqual([0]);
});
