// One dag as numbers: neighbours by index, without cycles and doubled edges.

export interface Digraph {
  count: number;
  after: number[][];
  before: number[][];
}

/** An edge between node numbers. */
export type Pair = readonly [number, number];

/**
 * Builds the graph. Doubled edges and edges from a node to itself are dropped; an edge that would close a cycle is
 * turned round (a checked pipeline has none, a damaged document must still be drawn).
 */
export function digraph(count: number, edges: readonly Pair[]): Digraph {
  const wanted: number[][] = Array.from({ length: count }, () => []);
  for (const [from, to] of edges) if (from !== to) wanted[from].push(to);
  const state = new Uint8Array(count);
  const after: number[][] = Array.from({ length: count }, () => []);
  const before: number[][] = Array.from({ length: count }, () => []);
  const seen = new Set<number>();
  const add = (from: number, to: number) => {
    const name = from * count + to;
    if (seen.has(name)) return;
    seen.add(name);
    after[from].push(to);
    before[to].push(from);
  };
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    state[root] = 1;
    const stack: { node: number; next: number }[] = [{ node: root, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1];
      if (top.next === wanted[top.node].length) {
        state[top.node] = 2;
        stack.pop();
        continue;
      }
      const to = wanted[top.node][top.next++];
      if (state[to] === 1) {
        add(to, top.node);
        continue;
      }
      add(top.node, to);
      if (state[to] === 0) {
        state[to] = 1;
        stack.push({ node: to, next: 0 });
      }
    }
  }
  return { count, after, before };
}

/** Returns the parts of the graph that no edge joins, each with its nodes in their order. */
export function parts(graph: Digraph): number[][] {
  const part = new Int32Array(graph.count).fill(-1);
  const found: number[][] = [];
  for (let root = 0; root < graph.count; root++) {
    if (part[root] >= 0) continue;
    const number = found.length;
    const members = [root];
    part[root] = number;
    for (let index = 0; index < members.length; index++) {
      const node = members[index];
      for (const list of [graph.after[node], graph.before[node]]) {
        for (const other of list) {
          if (part[other] >= 0) continue;
          part[other] = number;
          members.push(other);
        }
      }
    }
    found.push(members.sort((a, b) => a - b));
  }
  return found;
}
