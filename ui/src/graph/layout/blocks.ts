// Many equal neighbours become one block: a fan-out of a thousand tasks is a field of boxes, not a line of them.

import type { Pair } from "./digraph";
import type { LayoutNode, Spacing } from "./types";

/** So many equal nodes are put together. */
const AT_LEAST = 9;
/** Free room inside a block's border. */
export const BLOCK_PADDING = 14;
const GAP = 14;
/** Width to height that a block aims at. */
const ASPECT = 1.7;

/** What is placed in layers: one node, or a block of nodes. */
export interface Item {
  width: number;
  height: number;
  /** Indexes of its nodes; several make it a block. */
  nodes: number[];
  columns: number;
}

/** Returns the items of a dag in the order of their first node, and the edges between them. */
export function items(
  nodes: readonly LayoutNode[],
  edges: readonly Pair[],
  spacing: Spacing,
): { items: Item[]; edges: Pair[]; itemOf: Int32Array } {
  const groups = equals(nodes, edges);
  const itemOf = new Int32Array(nodes.length).fill(-1);
  const found: Item[] = [];
  nodes.forEach((node, index) => {
    if (itemOf[index] >= 0) return;
    const members = groups.get(index) ?? [index];
    for (const member of members) itemOf[member] = found.length;
    found.push(members.length === 1 ? { ...sizeOf(node), nodes: members, columns: 1 } : block(nodes, members, spacing));
  });
  return { items: found, edges: edges.map(([from, to]) => [itemOf[from], itemOf[to]] as const), itemOf };
}

function sizeOf(node: LayoutNode) {
  return { width: node.width, height: node.height };
}

function block(nodes: readonly LayoutNode[], members: number[], spacing: Spacing): Item {
  const { width, height } = nodes[members[0]];
  const gap = Math.min(GAP, spacing.node);
  const columns = Math.max(1, Math.round(Math.sqrt((members.length * (height + gap) * ASPECT) / (width + gap))));
  const rows = Math.ceil(members.length / columns);
  return {
    width: columns * (width + gap) - gap + 2 * BLOCK_PADDING,
    height: rows * (height + gap) - gap + 2 * BLOCK_PADDING,
    nodes: members,
    columns,
  };
}

/** Tells where in its block a member stands. */
export function placeInBlock(item: Item, node: LayoutNode, index: number, spacing: Spacing): { x: number; y: number } {
  const gap = Math.min(GAP, spacing.node);
  return {
    x: BLOCK_PADDING + (index % item.columns) * (node.width + gap),
    y: BLOCK_PADDING + Math.floor(index / item.columns) * (node.height + gap),
  };
}

/** Finds leaves of the same size with the same neighbours on both sides, by the first of each group. */
function equals(nodes: readonly LayoutNode[], edges: readonly Pair[]): Map<number, number[]> {
  if (nodes.length < AT_LEAST) return new Map();
  const before: number[][] = nodes.map(() => []);
  const after: number[][] = nodes.map(() => []);
  for (const [from, to] of edges) {
    after[from].push(to);
    before[to].push(from);
  }
  const byNeighbours = new Map<string, number[]>();
  nodes.forEach((node, index) => {
    if (node.inner !== undefined) return;
    // Long lists make long names; two nodes with that many neighbours are hardly ever equal.
    if (before[index].length + after[index].length > 64) return;
    const name = [node.width, node.height, sorted(before[index]), sorted(after[index])].join("|");
    const group = byNeighbours.get(name);
    if (group === undefined) byNeighbours.set(name, [index]);
    else group.push(index);
  });
  const groups = new Map<number, number[]>();
  for (const group of byNeighbours.values()) if (group.length >= AT_LEAST) groups.set(group[0], group);
  return groups;
}

function sorted(list: number[]): string {
  return Array.from(new Set(list)).sort((a, b) => a - b).join(",");
}
