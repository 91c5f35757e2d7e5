// Where nodes stand along their layer: neighbours apart, long edges straight, parents above their children.
//
// Source: U. Brandes and B. Köpf, "Fast and Simple Horizontal Coordinate Assignment" (2001): four alignments (from
// above or below, leaning left or right), and of each node's four places the mean of the middle two.

import type { Layered } from "./layers";

/** Returns the centre of each node and bend. `apart(a, b)` is the least distance of the centres of neighbours. */
export function columns(graph: Layered, apart: (left: number, right: number) => number): Float64Array {
  const conflicts = straightConflicts(graph);
  const found: Float64Array[] = [];
  for (const down of [true, false]) {
    for (const mirrored of [false, true]) found.push(alignment(graph, apart, conflicts, down, mirrored));
  }
  bringTogether(found);
  const centre = new Float64Array(graph.count);
  const four = [0, 0, 0, 0];
  for (let node = 0; node < graph.count; node++) {
    found.forEach((places, index) => {
      four[index] = places[node];
    });
    four.sort((a, b) => a - b);
    centre[node] = (four[1] + four[2]) / 2;
  }
  return centre;
}

/** Segments that cross a segment between two bends give way, so that long edges stay straight. */
function straightConflicts(graph: Layered): Set<number> {
  const conflicts = new Set<number>();
  const position = positions(graph);
  const isBend = (node: number) => node >= graph.nodeCount;
  for (let index = 1; index + 1 < graph.layers.length; index++) {
    const lower = graph.layers[index + 1];
    let left = 0;
    let scanned = 0;
    lower.forEach((node, place) => {
      const trunk = isBend(node) ? graph.before[node].find(isBend) : undefined;
      if (trunk === undefined && place !== lower.length - 1) return;
      const right = trunk === undefined ? graph.layers[index].length - 1 : position[trunk];
      for (; scanned <= place; scanned++) {
        for (const above of graph.before[lower[scanned]]) {
          const at = position[above];
          if ((at < left || at > right) && !(isBend(above) && isBend(lower[scanned]))) {
            conflicts.add(above * graph.count + lower[scanned]);
          }
        }
      }
      left = right;
    });
  }
  return conflicts;
}

function positions(graph: Layered): Int32Array {
  const position = new Int32Array(graph.count);
  for (const layer of graph.layers) layer.forEach((node, index) => {
    position[node] = index;
  });
  return position;
}

function alignment(
  graph: Layered,
  apart: (left: number, right: number) => number,
  conflicts: Set<number>,
  down: boolean,
  mirrored: boolean,
): Float64Array {
  const layers = graph.layers.map((layer) => (mirrored ? layer.slice().reverse() : layer));
  if (!down) layers.reverse();
  const near = down ? graph.before : graph.after;
  const root = blocks(graph.count, layers, near, (above, below) =>
    conflicts.has(down ? above * graph.count + below : below * graph.count + above),
  );
  const places = compact(graph.count, layers, root, (left, right) => (mirrored ? apart(right, left) : apart(left, right)));
  if (mirrored) for (let node = 0; node < places.length; node++) places[node] = -places[node];
  return places;
}

/** Joins each node to the middle one of its neighbours above where no join made before is crossed. */
function blocks(
  count: number,
  layers: number[][],
  near: number[][],
  isConflict: (above: number, below: number) => boolean,
): Int32Array {
  const root = new Int32Array(count);
  const joined = new Int32Array(count);
  const position = new Int32Array(count);
  for (let node = 0; node < count; node++) root[node] = joined[node] = node;
  for (const layer of layers) layer.forEach((node, index) => {
    position[node] = index;
  });
  for (let index = 1; index < layers.length; index++) {
    let bound = -1;
    for (const node of layers[index]) {
      const above = near[node].slice().sort((a, b) => position[a] - position[b]);
      if (above.length === 0) continue;
      const middle = (above.length - 1) / 2;
      for (let at = Math.floor(middle); at <= Math.ceil(middle); at++) {
        const parent = above[at];
        if (joined[node] !== node || position[parent] <= bound || isConflict(parent, node)) continue;
        joined[parent] = node;
        joined[node] = root[node] = root[parent];
        bound = position[parent];
      }
    }
  }
  return root;
}

/** Moves blocks as far to the left as their neighbours let them, then back to the right where that shortens. */
function compact(
  count: number,
  layers: number[][],
  root: Int32Array,
  apart: (left: number, right: number) => number,
): Float64Array {
  const after: Map<number, number>[] = [];
  const before: Map<number, number>[] = [];
  const members: number[] = [];
  for (let node = 0; node < count; node++) {
    if (root[node] !== node) continue;
    members.push(node);
    after[node] = new Map();
    before[node] = new Map();
  }
  for (const layer of layers) {
    for (let index = 1; index < layer.length; index++) {
      const left = root[layer[index - 1]];
      const right = root[layer[index]];
      const distance = Math.max(after[left].get(right) ?? 0, apart(layer[index - 1], layer[index]));
      after[left].set(right, distance);
      before[right].set(left, distance);
    }
  }
  const sorted = leftToRight(members, after, before);
  const place = new Float64Array(count);
  for (const block of sorted) {
    let least = 0;
    for (const [left, distance] of before[block]) least = Math.max(least, place[left] + distance);
    place[block] = least;
  }
  for (let index = sorted.length - 1; index >= 0; index--) {
    const block = sorted[index];
    let most = Number.POSITIVE_INFINITY;
    for (const [right, distance] of after[block]) most = Math.min(most, place[right] - distance);
    if (most !== Number.POSITIVE_INFINITY) place[block] = Math.max(place[block], most);
  }
  for (let node = 0; node < count; node++) place[node] = place[root[node]];
  return place;
}

function leftToRight(members: number[], after: Map<number, number>[], before: Map<number, number>[]): number[] {
  const waiting = new Map(members.map((block) => [block, before[block].size]));
  const sorted = members.filter((block) => before[block].size === 0);
  for (let index = 0; index < sorted.length; index++) {
    for (const right of after[sorted[index]].keys()) {
      const left = (waiting.get(right) as number) - 1;
      waiting.set(right, left);
      if (left === 0) sorted.push(right);
    }
  }
  return sorted;
}

/** Shifts the four to the narrowest one: leaning left by left edges, leaning right by right edges. */
function bringTogether(found: Float64Array[]): void {
  const extents = found.map((places) => {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (const place of places) {
      least = Math.min(least, place);
      most = Math.max(most, place);
    }
    return { least, most };
  });
  const narrowest = extents.reduce((best, extent) => (extent.most - extent.least < best.most - best.least ? extent : best));
  found.forEach((places, index) => {
    const extent = extents[index];
    const shift = index % 2 === 0 ? narrowest.least - extent.least : narrowest.most - extent.most;
    for (let node = 0; node < places.length; node++) places[node] += shift;
  });
}
