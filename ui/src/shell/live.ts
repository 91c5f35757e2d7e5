/** Lists and details follow what happens on the server: an event renews what it is about, wherever that is shown. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { useEventStream, type Connection } from "@/api/events";
import { own } from "@/api/own";

const KINDS = "runs,experiments,pipelines,recurring_runs";
/** What of each kind is read again; names of queries, see `api/queries`. */
const renewed: Record<string, string[]> = {
  runs: ["runs", "experiments"],
  experiments: ["experiments"],
  pipelines: ["pipelines", "versions"],
  recurring_runs: ["recurring-runs"],
};

interface Changed {
  kind: string;
  /** Empty: many; everything of the kind. */
  ids: string[];
}

/** Listens as long as the shell lives; tells whether it hears. */
export function useLive(): Connection {
  const client = useQueryClient();
  const on = (name: string, data: unknown) => {
    if (name === "reset") {
      for (const resource of Object.values(renewed).flat()) void client.invalidateQueries({ queryKey: [resource, "list"] });
      return;
    }
    const { kind, ids } = data as Changed;
    for (const resource of renewed[kind] ?? []) void client.invalidateQueries({ queryKey: [resource, "list"] });
    const [resource] = renewed[kind] ?? [];
    if (resource === undefined) return;
    if (ids.length === 0) void client.invalidateQueries({ queryKey: [resource, "one"] });
    for (const id of ids) void client.invalidateQueries({ queryKey: [resource, "one", id] });
  };
  const connection = useEventStream(`${own}/events`, { names: ["changed", "reset"], on, yields: true }, { kinds: KINDS });
  // After a gap nobody knows what was missed.
  const wasLost = useRef(false);
  useEffect(() => {
    if (connection === "lost" || connection === "resting") wasLost.current = true;
    if (connection === "live" && wasLost.current) {
      wasLost.current = false;
      void client.invalidateQueries();
    }
  }, [connection, client]);
  return connection;
}
