import { describe, expect, test } from "vitest";
import type { CompareView } from "@/api/own-types";
import { axesOf, hasParallelPlot, stretches } from "./parallel";

const metric = (name: string, values: (number | string | null)[]) => ({ task: "root/evaluate", artifact: "metrics", metric: name, values, differs: true });
const view = (parameters: Record<string, unknown[]>, metrics: CompareView["metrics"]) =>
  ({ parameters: Object.entries(parameters).map(([name, values]) => ({ name, values, differs: true })), metrics }) as unknown as CompareView;

describe("axes", () => {
  test("reach from the least to the most, parameters first", () => {
    const axes = axesOf(view({ epochs: [5, 10, 15] }, [metric("loss", [0.4, 0.2, null])]));
    expect(axes.map((axis) => [axis.label, axis.kind, axis.places])).toEqual([
      ["epochs", "parameter", [0, 0.5, 1]],
      ["loss", "metric", [1, 0, undefined]],
    ]);
    expect(axes[1]!.ticks.map((tick) => tick.text)).toEqual(["0.2", "0.4"]);
    expect(axes[1]!.texts).toEqual(["0.4", "0.2", "—"]);
  });
  test("are left out where runs agree, or where hardly two have a value", () => {
    expect(axesOf(view({ same: [1, 1], alone: [null, 3] }, []))).toEqual([]);
  });
  test("tell words, booleans and lists apart by their text", () => {
    const [optimizer, flag] = axesOf(view({ optimizer: ["sgd", "adam", "sgd"], flag: [true, false, [1]] }, []));
    expect(optimizer!.places).toEqual([1, 0, 1]);
    expect(flag!.ticks.map((tick) => tick.text)).toEqual(["[1]", "false", "true"]);
  });
  test("are not made of texts that all differ in too many ways", () => {
    expect(axesOf(view({ id: Array.from({ length: 13 }, (_, index) => `run ${index}`) }, []))).toEqual([]);
  });
  test("are worth a picture from two on", () => {
    expect(hasParallelPlot(view({ a: [1, 2] }, []))).toBe(false);
    expect(hasParallelPlot(view({ a: [1, 2], b: [1, 2] }, []))).toBe(true);
  });
});

test("a line is cut where a value is missing", () => {
  expect(stretches([1, 2, undefined, 3])).toEqual([[1, 2], [3]]);
  expect(stretches([undefined])).toEqual([]);
});
