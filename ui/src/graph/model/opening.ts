// Which groups are open: at first, and when something inside is to be seen.

import type { GraphView } from "@/api/own-types";
import { parentOf, ROOT } from "./keys";

/** A drawing that begins with more nodes than this begins closed. */
const COMFORTABLE = 60;

/** Opens groups from the outside in, as long as the drawing stays easy to take in. */
export function openAtFirst(view: GraphView): Set<string> {
  const open = new Set<string>();
  let seen = view.components[view.root]?.dag?.tasks.length ?? 0;
  let level: { id: string; component: string; above: string[] }[] = inside(view, ROOT, view.root, []);
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { id, component, above } of level) {
      const children = view.components[component]?.dag?.tasks.length ?? 0;
      if (children === 0 || above.includes(component) || seen + children > COMFORTABLE) continue;
      open.add(id);
      seen += children;
      next.push(...inside(view, id, component, above));
    }
    level = next;
  }
  return open;
}

function inside(view: GraphView, around: string, component: string, above: string[]) {
  const tasks = view.components[component]?.dag?.tasks ?? [];
  return tasks.map((task) => ({ id: `${around}/${task.name}`, component: task.component, above: [...above, component] }));
}

/** Returns every group, as far down as recursion is not entered a second time. */
export function everyGroup(view: GraphView, most = 2_000): Set<string> {
  const found = new Set<string>();
  const walk = (around: string, component: string, above: string[]) => {
    for (const child of inside(view, around, component, above)) {
      if (found.size >= most || child.above.includes(child.component)) continue;
      if (view.components[child.component]?.dag === undefined) continue;
      found.add(child.id);
      walk(child.id, child.component, child.above);
    }
  };
  walk(ROOT, view.root, []);
  return found;
}

/** Returns the groups around a node, outermost first. */
export function groupsAround(node: string): string[] {
  const found: string[] = [];
  for (let at = parentOf(node); at !== undefined && at !== ROOT; at = parentOf(at)) found.unshift(at);
  return found;
}
