// The order of nodes inside each layer: as few crossings as a few sweeps find.

import type { Layered } from "./layers";

/** Segments looked at by all sweeps together, about: what keeps large graphs quick. */
const WORK = 400_000;

/** Reorders `graph.layers` in place. */
export function order(graph: Layered): void {
  walk(graph);
  let segments = 0;
  for (const list of graph.after) segments += list.length;
  if (segments === 0) return;
  const sweeps = Math.max(4, Math.min(24, Math.ceil(WORK / segments)));
  const position = new Float64Array(graph.count);
  let best = graph.layers.map((layer) => layer.slice());
  let fewest = crossings(graph);
  let idle = 0;
  for (let sweep = 0; sweep < sweeps && fewest > 0 && idle < 4; sweep++) {
    pull(graph, position, sweep % 2 === 0, sweep % 4 >= 2);
    const count = crossings(graph);
    if (count < fewest) {
      fewest = count;
      best = graph.layers.map((layer) => layer.slice());
      idle = 0;
    } else {
      idle += 1;
    }
  }
  best.forEach((layer, index) => {
    graph.layers[index] = layer;
  });
}

/** Starts with the order in which a walk from the sources meets nodes. */
function walk(graph: Layered): void {
  const seen = new Uint8Array(graph.count);
  const layers: number[][] = graph.layers.map(() => []);
  for (const start of graph.layers.flat()) {
    const stack = [start];
    while (stack.length > 0) {
      const node = stack.pop() as number;
      if (seen[node] === 1) continue;
      seen[node] = 1;
      layers[graph.rank[node]].push(node);
      for (let index = graph.after[node].length - 1; index >= 0; index--) stack.push(graph.after[node][index]);
    }
  }
  layers.forEach((layer, index) => {
    graph.layers[index] = layer;
  });
}

/** Sorts each layer by the mean place of its neighbours in the layer before (or after); ties keep or turn. */
function pull(graph: Layered, position: Float64Array, down: boolean, turn: boolean): void {
  for (const layer of graph.layers) layer.forEach((node, index) => {
    position[node] = index;
  });
  const last = graph.layers.length - 1;
  for (let step = 1; step <= last; step++) {
    const index = down ? step : last - step;
    const layer = graph.layers[index];
    const weight = new Map<number, number>();
    layer.forEach((node, place) => {
      const near = down ? graph.before[node] : graph.after[node];
      let sum = 0;
      for (const other of near) sum += position[other];
      weight.set(node, near.length === 0 ? place : sum / near.length);
    });
    const tie = turn ? -1 : 1;
    layer.sort(
      (a, b) => (weight.get(a) as number) - (weight.get(b) as number) || tie * (position[a] - position[b]),
    );
    layer.forEach((node, place) => {
      position[node] = place;
    });
  }
}

/** Counts crossings of segments between neighbouring layers. */
export function crossings(graph: Layered): number {
  const position = new Int32Array(graph.count);
  for (const layer of graph.layers) layer.forEach((node, index) => {
    position[node] = index;
  });
  let total = 0;
  for (let index = 0; index + 1 < graph.layers.length; index++) {
    const width = graph.layers[index + 1].length;
    const tree = new Int32Array(width + 1);
    let seen = 0;
    for (const node of graph.layers[index]) {
      const ends = graph.after[node].map((next) => position[next]).sort((a, b) => a - b);
      for (const end of ends) {
        let below = 0;
        for (let at = end + 1; at > 0; at -= at & -at) below += tree[at];
        total += seen - below;
      }
      for (const end of ends) {
        for (let at = end + 1; at <= width; at += at & -at) tree[at] += 1;
        seen += 1;
      }
    }
  }
  return total;
}
