// Which layer each node of one dag stands in.

import type { Digraph } from "./digraph";

/**
 * Returns a layer for each node such that every edge leads to a later layer.
 *
 * Layers come from the longest way to a node; sources then move down beside the first node that needs them, so
 * that a constant input of a late task does not draw a line across the whole graph.
 */
export function ranks(graph: Digraph): Int32Array {
  const rank = new Int32Array(graph.count);
  const waiting = new Int32Array(graph.count);
  for (let node = 0; node < graph.count; node++) waiting[node] = graph.before[node].length;
  const ready: number[] = [];
  for (let node = 0; node < graph.count; node++) if (waiting[node] === 0) ready.push(node);
  for (let index = 0; index < ready.length; index++) {
    const node = ready[index];
    for (const next of graph.after[node]) {
      rank[next] = Math.max(rank[next], rank[node] + 1);
      waiting[next] -= 1;
      if (waiting[next] === 0) ready.push(next);
    }
  }
  for (let node = 0; node < graph.count; node++) {
    if (graph.before[node].length > 0 || graph.after[node].length === 0) continue;
    let first = Number.POSITIVE_INFINITY;
    for (const next of graph.after[node]) first = Math.min(first, rank[next]);
    rank[node] = first - 1;
  }
  return rank;
}
