// One dag: its nodes with known sizes in layers, top to bottom. Containers are boxes like any other here.

import { type Item, items, placeInBlock } from "./blocks";
import { columns } from "./columns";
import { type Digraph, digraph, type Pair, parts } from "./digraph";
import { layered } from "./layers";
import { order } from "./order";
import { ranks } from "./ranks";
import type { LayoutEdge, LayoutNode, Point, Spacing } from "./types";

/** A dag laid out from (0, 0) on. */
export interface PlacedDag {
  width: number;
  height: number;
  /** Top left corners, in the order of the nodes. */
  corners: Point[];
  routes: { from: string; to: string; points: Point[] }[];
  blocks: { members: number[]; x: number; y: number; width: number; height: number }[];
}

/** A bend is a little room for one line. */
const BEND_WIDTH = 12;

export function layoutDag(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], spacing: Spacing): PlacedDag {
  const number = new Map(nodes.map((node, index) => [node.id, index]));
  const pairs: Pair[] = [];
  for (const edge of edges) {
    const from = number.get(edge.from);
    const to = number.get(edge.to);
    if (from !== undefined && to !== undefined) pairs.push([from, to]);
  }
  const grouped = items(nodes, pairs, spacing);
  const graph = digraph(grouped.items.length, grouped.edges);
  const placed = parts(graph).map((members) => layoutPart(graph, members, grouped.items, spacing));
  const packed = pack(placed, spacing);
  return toNodes(nodes, grouped.items, packed, spacing);
}

/** What is joined by edges, laid out from (0, 0) on; indexes are those of items. */
interface PlacedPart {
  width: number;
  height: number;
  corners: Map<number, Point>;
  routes: { from: number; to: number; points: Point[] }[];
}

function layoutPart(whole: Digraph, members: number[], all: readonly Item[], spacing: Spacing): PlacedPart {
  if (members.length === 1) {
    const { width, height } = all[members[0]];
    return { width, height, corners: new Map([[members[0], { x: 0, y: 0 }]]), routes: [] };
  }
  const local = new Map(members.map((member, index) => [member, index]));
  const inside = members.flatMap((member, index) =>
    whole.after[member].map((next) => [index, local.get(next) as number] as const),
  );
  const graph = digraph(members.length, inside);
  const layers = layered(graph, ranks(graph));
  order(layers);
  const widthOf = (node: number) => (node < members.length ? all[members[node]].width : BEND_WIDTH);
  const heightOf = (node: number) => (node < members.length ? all[members[node]].height : 0);
  const centre = columns(layers, (left, right) => (widthOf(left) + widthOf(right)) / 2 + spacing.node);
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let node = 0; node < layers.count; node++) least = Math.min(least, centre[node] - widthOf(node) / 2);
  for (let node = 0; node < layers.count; node++) {
    centre[node] -= least;
    most = Math.max(most, centre[node] + widthOf(node) / 2);
  }
  const tops: number[] = [];
  const heights = layers.layers.map((layer) => layer.reduce((high, node) => Math.max(high, heightOf(node)), 0));
  let y = 0;
  for (const height of heights) {
    tops.push(y);
    y += height + spacing.layer;
  }
  const corners = new Map<number, Point>();
  members.forEach((member, node) => {
    const rank = layers.rank[node];
    corners.set(member, { x: centre[node] - widthOf(node) / 2, y: tops[rank] });
  });
  const routes = inside.map(([from, to]) => {
    const bends = layers.bends.get(from * members.length + to) ?? [];
    const start = corners.get(members[from]) as Point;
    const end = corners.get(members[to]) as Point;
    const points = [{ x: centre[from], y: start.y + heightOf(from) }];
    // Beside a taller neighbour the line goes straight down first, or it would cross it.
    const low = tops[layers.rank[from]] + heights[layers.rank[from]];
    if (low > points[0].y) points.push({ x: centre[from], y: low });
    for (const bend of bends) {
      const rank = layers.rank[bend];
      points.push({ x: centre[bend], y: tops[rank] });
      if (heights[rank] > 0) points.push({ x: centre[bend], y: tops[rank] + heights[rank] });
    }
    points.push({ x: centre[to], y: end.y });
    return { from: members[from], to: members[to], points };
  });
  return { width: most, height: y - spacing.layer, corners, routes };
}

/** Puts parts beside one another, in rows when they are many; the order of the pipeline is kept. */
function pack(placed: PlacedPart[], spacing: Spacing): PlacedPart {
  const area = placed.reduce((sum, part) => sum + (part.width + spacing.node) * (part.height + spacing.layer), 0);
  const widest = placed.reduce((most, part) => Math.max(most, part.width), 0);
  const limit = Math.max(widest, Math.sqrt(area * 2));
  const corners = new Map<number, Point>();
  const routes: PlacedPart["routes"] = [];
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  let width = 0;
  for (const part of placed) {
    if (x > 0 && x + part.width > limit) {
      x = 0;
      y += rowHeight + spacing.layer;
      rowHeight = 0;
    }
    for (const [item, corner] of part.corners) corners.set(item, { x: corner.x + x, y: corner.y + y });
    for (const route of part.routes) {
      routes.push({ ...route, points: route.points.map((point) => ({ x: point.x + x, y: point.y + y })) });
    }
    width = Math.max(width, x + part.width);
    x += part.width + spacing.node;
    rowHeight = Math.max(rowHeight, part.height);
  }
  return { width, height: y + rowHeight, corners, routes };
}

function toNodes(
  nodes: readonly LayoutNode[],
  all: readonly Item[],
  packed: PlacedPart,
  spacing: Spacing,
): PlacedDag {
  const corners: Point[] = nodes.map(() => ({ x: 0, y: 0 }));
  const blocks: PlacedDag["blocks"] = [];
  all.forEach((item, index) => {
    const corner = packed.corners.get(index) as Point;
    if (item.nodes.length === 1) {
      corners[item.nodes[0]] = corner;
      return;
    }
    blocks.push({ members: item.nodes, ...corner, width: item.width, height: item.height });
    item.nodes.forEach((node, place) => {
      const inside = placeInBlock(item, nodes[node], place, spacing);
      corners[node] = { x: corner.x + inside.x, y: corner.y + inside.y };
    });
  });
  const name = (item: number) => endName(nodes, all[item]);
  return {
    width: packed.width,
    height: packed.height,
    corners,
    blocks,
    routes: packed.routes.map((route) => ({ from: name(route.from), to: name(route.to), points: route.points })),
  };
}

/** The name by which a route calls its end: a node's, or a block's, which is named after its first node. */
function endName(nodes: readonly LayoutNode[], item: Item): string {
  const first = nodes[item.nodes[0]].id;
  return item.nodes.length === 1 ? first : blockName(first);
}

export function blockName(first: string): string {
  return `${first}…`;
}
