import type { GraphView } from "@/api/own-types";

/** Tells whether a task that waits does so for somebody: it takes values from outside, or goes on at no time by itself. */
export function asksSomebody(view: GraphView | undefined, component: string | undefined): boolean {
  const suspend = component === undefined ? undefined : view?.components[component]?.suspend;
  return suspend === undefined || suspend.duration === undefined || suspend.supplied.length > 0;
}
