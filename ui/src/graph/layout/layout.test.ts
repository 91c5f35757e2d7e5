import { describe, expect, test } from "vitest";
import { layout } from "./layout";
import type { Box, Direction, Layout, LayoutGraph, LayoutNode } from "./types";

/** A small generator of numbers, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomGraph(seed: number, size: number, depth: number, prefix = ""): LayoutGraph {
  const next = numbers(seed);
  const nodes: LayoutNode[] = [];
  for (let index = 0; index < size; index++) {
    const id = `${prefix}n${index}`;
    const node: LayoutNode = { id, width: 120 + Math.floor(next() * 100), height: 40 };
    if (depth > 0 && next() < 0.2) {
      node.inner = randomGraph(seed * 31 + index, 1 + Math.floor(next() * 8), depth - 1, `${id}/`);
      node.header = 30;
    }
    nodes.push(node);
  }
  const edges = [];
  for (let to = 1; to < size; to++) {
    const count = Math.floor(next() * 3);
    for (let edge = 0; edge < count; edge++) {
      edges.push({ from: nodes[Math.floor(next() * to)].id, to: nodes[to].id });
    }
  }
  return { nodes, edges };
}

function overlap(a: Box, b: Box): boolean {
  const slack = 0.001;
  return (
    a.x + a.width > b.x + slack && b.x + b.width > a.x + slack && a.y + a.height > b.y + slack && b.y + b.height > a.y + slack
  );
}

function checkNoOverlap(result: Layout) {
  const siblings = new Map<string, Box[]>();
  for (const box of result.boxes) {
    const name = box.parent ?? "";
    siblings.set(name, [...(siblings.get(name) ?? []), box]);
  }
  for (const boxes of siblings.values()) {
    for (let a = 0; a < boxes.length; a++) {
      for (let b = a + 1; b < boxes.length; b++) {
        if (overlap(boxes[a], boxes[b])) throw new Error(`${boxes[a].id} lies over ${boxes[b].id}`);
      }
    }
  }
}

function checkInside(result: Layout) {
  const byId = new Map(result.boxes.map((box) => [box.id, box]));
  for (const box of result.boxes) {
    const around = box.parent === undefined ? { x: 0, y: 0, width: result.width, height: result.height } : byId.get(box.parent)!;
    expect(box.x).toBeGreaterThanOrEqual(around.x - 0.001);
    expect(box.y).toBeGreaterThanOrEqual(around.y - 0.001);
    expect(box.x + box.width).toBeLessThanOrEqual(around.x + around.width + 0.001);
    expect(box.y + box.height).toBeLessThanOrEqual(around.y + around.height + 0.001);
  }
}

function checkForward(result: Layout, direction: Direction) {
  for (const route of result.routes) {
    const along = route.points.map((point) => (direction === "down" ? point.y : point.x));
    for (let index = 1; index < along.length; index++) {
      if (along[index] < along[index - 1] - 0.001) throw new Error(`${route.from} to ${route.to} goes back`);
    }
  }
}

describe.each(["down", "right"] as const)("a drawing that goes %s", (direction) => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))("keeps its promises for graph %i", (seed) => {
    const graph = randomGraph(seed, 3 + (seed % 37), 2);
    const result = layout(graph, { direction });
    checkNoOverlap(result);
    checkInside(result);
    checkForward(result, direction);
    expect(layout(structuredClone(graph), { direction })).toEqual(result);
  });
});

function chain(size: number, ahead: number): LayoutGraph {
  const nodes = Array.from({ length: size }, (_, index) => ({ id: `t${index}`, width: 200, height: 44 }));
  const edges = [];
  for (let index = 1; index < size; index++) {
    for (let back = 1; back <= ahead && back <= index; back++) edges.push({ from: `t${index - back}`, to: `t${index}` });
  }
  return { nodes, edges };
}

test("a chain is one straight line", () => {
  const result = layout(chain(20, 1), { direction: "down" });
  expect(new Set(result.boxes.map((box) => box.x)).size).toBe(1);
  expect(result.width).toBe(200);
});

test("a long edge passes beside the nodes between its ends", () => {
  const graph = chain(5, 1);
  graph.edges.push({ from: "t0", to: "t4" });
  const result = layout(graph, { direction: "down" });
  const long = result.routes.find((route) => route.from === "t0" && route.to === "t4")!;
  for (const box of result.boxes.slice(1, 4)) {
    const beside = long.points.filter((point) => point.y >= box.y && point.y <= box.y + box.height);
    expect(beside.length).toBeGreaterThan(0);
    for (const point of beside) expect(point.x < box.x || point.x > box.x + box.width).toBe(true);
  }
});

test("equal neighbours become one block with one edge in and one out", () => {
  const nodes = Array.from({ length: 102 }, (_, index) => ({ id: `t${index}`, width: 200, height: 44 }));
  const edges = nodes.slice(1, 101).flatMap((node) => [
    { from: "t0", to: node.id },
    { from: node.id, to: "t101" },
  ]);
  const result = layout({ nodes, edges }, { direction: "down" });
  checkNoOverlap(result);
  expect(result.blocks).toHaveLength(1);
  expect(result.blocks[0].members).toHaveLength(100);
  expect(result.routes.map((route) => [route.from, route.to])).toEqual([["t0", "t1…"], ["t1…", "t101"]]);
  expect(result.width).toBeLessThan(200 * 12);
});

test("a cycle, a doubled edge and an edge to nowhere are drawn all the same", () => {
  const nodes = ["a", "b", "c"].map((id) => ({ id, width: 100, height: 40 }));
  const edges = [["a", "b"], ["a", "b"], ["b", "c"], ["c", "a"], ["c", "c"], ["c", "gone"]].map(([from, to]) => ({ from, to }));
  const result = layout({ nodes, edges }, { direction: "down" });
  checkNoOverlap(result);
  expect(result.boxes).toHaveLength(3);
  expect(layout({ nodes: [], edges: [] }, { direction: "down" }).boxes).toEqual([]);
});

test("edges that would need too many bends go straight", () => {
  const result = layout(chain(500, 30), { direction: "down" });
  expect(result.boxes).toHaveLength(500);
  checkForward(result, "down");
});
