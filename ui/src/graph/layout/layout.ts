// The whole drawing: each dag on its own, from the innermost out, then everything moved to its place.

import { blockName, layoutDag, type PlacedDag } from "./dag";
import type { Direction, Layout, LayoutGraph, LayoutNode, Point, Spacing } from "./types";
import { SPACING } from "./types";

export interface Options {
  direction: Direction;
  spacing?: Spacing;
}

/** Places a graph with everything inside it. The same graph gives the same drawing. */
export function layout(graph: LayoutGraph, options: Options): Layout {
  const spacing = options.spacing ?? SPACING;
  const placed = place(graph, options.direction, spacing);
  const result: Layout = { width: placed.dag.width, height: placed.dag.height, boxes: [], routes: [], blocks: [] };
  collect(placed, { x: 0, y: 0 }, 0, undefined, result);
  return result;
}

interface Placed {
  nodes: LayoutNode[];
  dag: PlacedDag;
  inner: Map<number, { placed: Placed; offset: Point }>;
}

function place(graph: LayoutGraph, direction: Direction, spacing: Spacing): Placed {
  const inner: Placed["inner"] = new Map();
  const nodes = graph.nodes.map((node, index) => {
    if (node.inner === undefined) return node;
    const placed = place(node.inner, direction, spacing);
    const header = node.header ?? 0;
    inner.set(index, { placed, offset: { x: spacing.padding, y: header + spacing.padding } });
    const width = Math.max(node.width, placed.dag.width + 2 * spacing.padding);
    const height = Math.max(node.height, header + placed.dag.height + 2 * spacing.padding);
    // What is narrower than its header stands in the middle.
    inner.get(index)!.offset.x = (width - placed.dag.width) / 2;
    return { ...node, width, height };
  });
  if (direction === "down") return { nodes, dag: layoutDag(nodes, graph.edges, spacing), inner };
  const turned = nodes.map((node) => ({ ...node, width: node.height, height: node.width }));
  return { nodes, dag: turn(layoutDag(turned, graph.edges, spacing)), inner };
}

function turn(dag: PlacedDag): PlacedDag {
  const swap = ({ x, y }: Point): Point => ({ x: y, y: x });
  return {
    width: dag.height,
    height: dag.width,
    corners: dag.corners.map(swap),
    routes: dag.routes.map((route) => ({ ...route, points: route.points.map(swap) })),
    blocks: dag.blocks.map((block) => ({ ...block, ...swap(block), width: block.height, height: block.width })),
  };
}

function collect(placed: Placed, origin: Point, depth: number, parent: string | undefined, result: Layout): void {
  placed.nodes.forEach((node, index) => {
    const corner = placed.dag.corners[index];
    const at = { x: origin.x + corner.x, y: origin.y + corner.y };
    result.boxes.push({ id: node.id, ...at, width: node.width, height: node.height, depth, parent });
    const inner = placed.inner.get(index);
    if (inner === undefined) return;
    collect(inner.placed, { x: at.x + inner.offset.x, y: at.y + inner.offset.y }, depth + 1, node.id, result);
  });
  for (const route of placed.dag.routes) {
    result.routes.push({
      ...route,
      points: route.points.map((point) => ({ x: origin.x + point.x, y: origin.y + point.y })),
    });
  }
  for (const block of placed.dag.blocks) {
    const members = block.members.map((member) => placed.nodes[member].id);
    result.blocks.push({ ...block, id: blockName(members[0]), members, x: origin.x + block.x, y: origin.y + block.y });
  }
}
