// The chain of tasks that decided how long a run took: from the one that ended last, back through what it waited for.

import type { GraphView, TaskProgress } from "@/api/own-types";
import { type Chosen, instanceKey, ROOT } from "./keys";
import { edgeName } from "./scene";

export interface CriticalPath {
  nodes: Set<string>;
  /** By `edgeName`. */
  edges: Set<string>;
}

/** Returns the path over all groups that lie on it; loops are followed through the iteration that is shown. */
export function criticalPath(
  view: GraphView,
  progress: (key: string) => TaskProgress | undefined,
  chosen: Chosen,
  now: number,
): CriticalPath {
  const path: CriticalPath = { nodes: new Set(), edges: new Set() };
  const walk = (component: string, around: string, above: string[]) => {
    const dag = view.components[component]?.dag;
    if (dag === undefined || above.includes(component)) return;
    const byName = new Map(dag.tasks.map((task) => [task.name, task]));
    const endOf = (name: string) => {
      const task = progress(instanceKey(`${around}/${name}`, chosen));
      if (task?.started_at === undefined) return undefined;
      return task.ended_at === undefined ? now : Date.parse(task.ended_at);
    };
    let current = latest(dag.tasks.map((task) => task.name), endOf);
    while (current !== undefined) {
      const node = `${around}/${current}`;
      if (path.nodes.has(node)) break;
      path.nodes.add(node);
      const task = byName.get(current);
      if (task === undefined) break;
      walk(task.component, node, [...above, component]);
      const before = latest(task.upstream, endOf);
      if (before !== undefined) path.edges.add(edgeName(`${around}/${before}`, node));
      current = before;
    }
  };
  walk(view.root, ROOT, []);
  return path;
}

function latest(names: string[], endOf: (name: string) => number | undefined): string | undefined {
  let found: string | undefined;
  let last = Number.NEGATIVE_INFINITY;
  for (const name of names) {
    const end = endOf(name);
    if (end !== undefined && end > last) {
      last = end;
      found = name;
    }
  }
  return found;
}
