import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Connection, useEventStream } from "@/api/events";
import { getProgressUnder, getRunGraph, own } from "@/api/own";
import type { GraphView, RunSummary, TaskProgress } from "@/api/own-types";
import { ProgressStore } from "@/graph/model/progress";

/** Changes are gathered for this long, so that a burst of them is shown once. */
const GATHER = 150;
const NAMES = ["run", "task", "reset"] as const;

export interface LiveRun {
  view: GraphView | undefined;
  run: RunSummary | undefined;
  store: ProgressStore;
  connection: Connection;
  isPending: boolean;
  error: Error | null;
  refetch: () => void;
}

/** A run as it is now and as it becomes: read once, then kept up by events. */
export function useLiveRun(runId: string, inside: readonly string[]): LiveRun {
  const client = useQueryClient();
  const graph = useQuery(getRunGraph(runId));
  const store = useMemo(() => new ProgressStore(), [runId]);
  const [summary, setSummary] = useState<RunSummary>();
  const view = graph.data;
  useEffect(() => {
    if (view === undefined) return;
    store.replace(view.progress ?? []);
    setSummary(view.run);
  }, [view, store]);
  useInside(runId, inside, store, view);

  const queue = useRef<TaskProgress[]>([]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const flush = () => {
    timer.current = undefined;
    store.apply(queue.current.splice(0));
  };
  const on = (name: string, data: unknown) => {
    if (name === "task") {
      queue.current.push(data as TaskProgress);
      timer.current ??= setTimeout(flush, GATHER);
    } else if (name === "run") setSummary(data as RunSummary);
    else void graph.refetch();
  };
  const isOver = view?.run !== undefined && isFinal(view.run.state);
  const path = view?.seq === undefined || isOver ? undefined : `${own}/runs/${encodeURIComponent(runId)}/events`;
  const query = { view: "progress", since: view?.seq, inside: inside.join(",") || undefined };
  const connection = useEventStream(path, { names: NAMES, on, last: "end" }, query);
  // What is read of an ended run may be kept; what was read before its end may not.
  useEffect(() => {
    if (connection !== "ended") return;
    void client.invalidateQueries({ queryKey: ["runs", "graph", runId] });
    void client.invalidateQueries({ queryKey: ["runs", "one", runId] });
  }, [connection, client, runId]);

  return {
    view,
    run: summary ?? view?.run,
    store,
    connection: isOver ? "ended" : connection,
    isPending: graph.isPending,
    error: graph.error,
    refetch: () => void graph.refetch(),
  };
}

export function isFinal(state: RunSummary["state"]): boolean {
  return state === "SUCCEEDED" || state === "FAILED" || state === "CANCELED";
}

/** Reads what is inside the iterations that are shown. */
function useInside(runId: string, inside: readonly string[], store: ProgressStore, view: GraphView | undefined): void {
  const client = useQueryClient();
  const names = inside.join(",");
  useEffect(() => {
    if (names === "" || view === undefined) return;
    let isWanted = true;
    for (const key of names.split(",")) {
      const query = getProgressUnder(runId, key);
      void client.fetchQuery({ ...query, staleTime: 0 }).then(
        (page) => isWanted && store.apply(page.tasks),
        () => {
          // The drawing shows these tasks as not started; the next choice or event asks again.
        },
      );
    }
    return () => {
      isWanted = false;
    };
  }, [names, runId, store, client, view]);
}
