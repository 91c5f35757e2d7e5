/** What a run says of how its tasks are to be run: one of the plugins that it gives something to is the server itself. */
import type { Run } from "./types";

/** How a run's tasks are to be run, if it says so. */
export function executorOf(run: Pick<Run, "plugins_input">): string | undefined {
  const own = run.plugins_input?.["pipewright"];
  const executor = typeof own === "object" && own !== null && !Array.isArray(own) ? own["executor"] : undefined;
  return typeof executor === "string" ? executor : undefined;
}
