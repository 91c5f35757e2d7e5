// A layered graph proper: every segment leads to the next layer, long edges pass through bends.

import type { Digraph } from "./digraph";

/** More bends than this are not worth their time; the longest edges then go straight. */
const MOST_BENDS = 8_000;

/** Nodes first, then bends. */
export interface Layered {
  /** Of nodes and bends together. */
  count: number;
  nodeCount: number;
  rank: Int32Array;
  layers: number[][];
  after: number[][];
  before: number[][];
  /** The bends that an edge passes, by `from * nodeCount + to`; absent when it goes straight. */
  bends: Map<number, number[]>;
}

/**
 * Adds bends to edges that pass layers. Edges of one source share their bends as far as they go together, so a
 * source with a thousand far targets has one trunk and not a thousand.
 */
export function layered(graph: Digraph, rank: Int32Array): Layered {
  const nodeCount = graph.count;
  const long: { from: number; to: number; span: number }[] = [];
  for (let from = 0; from < nodeCount; from++) {
    for (const to of graph.after[from]) {
      const span = rank[to] - rank[from];
      if (span > 1) long.push({ from, to, span });
    }
  }
  long.sort((a, b) => a.span - b.span || a.from - b.from || a.to - b.to);
  const ranks: number[] = Array.from(rank);
  const after: number[][] = Array.from({ length: nodeCount }, () => []);
  const before: number[][] = Array.from({ length: nodeCount }, () => []);
  const link = (from: number, to: number) => {
    after[from].push(to);
    before[to].push(from);
  };
  for (let from = 0; from < nodeCount; from++) {
    for (const to of graph.after[from]) if (rank[to] - rank[from] === 1) link(from, to);
  }
  const trunks: number[][] = Array.from({ length: nodeCount }, () => []);
  const bends = new Map<number, number[]>();
  let made = 0;
  for (const { from, to, span } of long) {
    const trunk = trunks[from];
    if (made + span - 1 - trunk.length > MOST_BENDS) continue;
    while (trunk.length < span - 1) {
      const bend = ranks.length;
      ranks.push(rank[from] + trunk.length + 1);
      after.push([]);
      before.push([]);
      link(trunk.length === 0 ? from : trunk[trunk.length - 1], bend);
      trunk.push(bend);
      made += 1;
    }
    link(trunk[span - 2], to);
    bends.set(from * nodeCount + to, trunk.slice(0, span - 1));
  }
  const last = ranks.reduce((most, value) => Math.max(most, value), 0);
  const layers: number[][] = Array.from({ length: last + 1 }, () => []);
  ranks.forEach((value, node) => layers[value].push(node));
  return { count: ranks.length, nodeCount, rank: Int32Array.from(ranks), layers, after, before, bends };
}
