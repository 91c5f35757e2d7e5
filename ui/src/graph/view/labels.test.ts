import { expect, test } from "vitest";
import type { Edge } from "@/api/own-types";
import { labelText, onCurve, roomFor } from "./labels";
import { intersects, type Rect } from "./viewport";

const data = (...names: [output: string, input: string][]): Edge["data"] => names.map(([output, input]) => ({ output, input, kind: "artifact" }));

test.each<[Edge["data"], string | undefined]>([
  [[], undefined],
  [data(["model", "model"]), "model"],
  [data(["Output", "pipelinechannel--rows"]), "rows"],
  [data(["model", "a"], ["model", "b"]), "model"],
  [data(["a", "a"], ["b", "b"], ["c", "c"], ["d", "d"]), "a, b +2"],
  [[{ output: "x", input: "y", kind: "status" }], "status"],
])("%j is written as %s", (edge, expected) => expect(labelText(edge)).toBe(expected));

test("a curve begins and ends where its edge does, and is in the middle half way", () => {
  const [from, to] = [{ x: 0, y: 0 }, { x: 100, y: 40 }];
  expect(onCurve(from, to, 0, "down")).toEqual(from);
  expect(onCurve(from, to, 1, "right")).toEqual(to);
  expect(onCurve(from, to, 0.5, "down")).toEqual({ x: 50, y: 20 });
  // It leaves along the flow: near its begin it has gone down and hardly aside.
  expect(onCurve(from, to, 0.2, "down").x).toBeLessThan(15);
});

test("names stand beside one another, and are left out where there is no room", () => {
  const route = { from: "a", to: "b", points: [{ x: 0, y: 0 }, { x: 0, y: 100 }] };
  const taken: Rect[] = [];
  const place = () => {
    const rect = roomFor(route, 40, "down", (one) => taken.some((other) => intersects(other, one)));
    if (rect !== undefined) taken.push(rect);
    return rect;
  };
  expect(place()).toEqual({ x: -20, y: 42.5, width: 40, height: 15 });
  const second = place()!;
  expect(second.y).not.toBe(42.5);
  while (taken.length < 10 && place() !== undefined);
  expect(taken.length).toBeLessThan(8);
});
