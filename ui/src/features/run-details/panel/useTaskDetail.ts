import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { getTask } from "@/api/own";
import type { ProgressStore } from "@/graph/model/progress";
import { useProgress } from "@/graph/view/useProgress";

/** Details are read again this long after a task has changed, so that a busy one costs little. */
const AGAIN_AFTER = 400;

/** Everything about one task, read again whenever the events say that it changed. */
export function useTaskDetail(run: string, key: string, store: ProgressStore) {
  const client = useQueryClient();
  const progress = useProgress(store, key);
  const query = useQuery(getTask(run, key));
  const seen = useRef(progress);
  useEffect(() => {
    if (seen.current === progress) return;
    const isFirst = seen.current === undefined;
    seen.current = progress;
    if (isFirst && query.isPending) return;
    const timer = setTimeout(() => void client.invalidateQueries({ queryKey: ["runs", "task", run, key] }), AGAIN_AFTER);
    return () => clearTimeout(timer);
  }, [progress, client, run, key, query.isPending]);
  return { progress, query };
}
