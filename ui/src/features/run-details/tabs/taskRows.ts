// The table of tasks: which are shown, and in which order. Pure.

import type { TaskProgress } from "@/api/own-types";
import { urgency } from "@/graph/model/state";

export type SortKey = "urgency" | "name" | "started" | "duration" | "waited" | "attempts";

export interface TaskRow {
  task: TaskProgress;
  /** Where it stands: the groups around it. */
  path: string;
  started: number | undefined;
  /** Milliseconds. */
  duration: number | undefined;
  waited: number;
}

export function taskRows(tasks: Iterable<TaskProgress>, now: number): TaskRow[] {
  const found: TaskRow[] = [];
  for (const task of tasks) {
    if (task.key === "root") continue;
    const started = task.started_at === undefined ? undefined : Date.parse(task.started_at);
    const ended = task.ended_at === undefined ? now : Date.parse(task.ended_at);
    const waited = task.spans
      .filter((span) => span.kind === "waiting" || span.kind === "backoff")
      .reduce((sum, span) => sum + (span.to === undefined ? ended : Date.parse(span.to)) - Date.parse(span.from), 0);
    const around = task.key.split("/").slice(1, -1).join(" / ");
    found.push({ task, path: around, started, duration: started === undefined ? undefined : Math.max(0, ended - started), waited: Math.max(0, waited) });
  }
  return found;
}

export function sorted(rows: readonly TaskRow[], key: SortKey, isDown: boolean): TaskRow[] {
  const sign = isDown ? -1 : 1;
  const byName = (a: TaskRow, b: TaskRow) => a.task.key.localeCompare(b.task.key, "en", { numeric: true });
  const value = {
    urgency: (row: TaskRow) => urgency(row.task.state),
    name: () => 0,
    started: (row: TaskRow) => row.started,
    duration: (row: TaskRow) => row.duration,
    waited: (row: TaskRow) => row.waited,
    attempts: (row: TaskRow) => row.task.attempts,
  }[key];
  return rows.slice().sort((a, b) => {
    if (key === "name") return sign * byName(a, b);
    const [left, right] = [value(a), value(b)];
    // What has no value stands last, whichever way it goes.
    if (left === undefined || right === undefined) return Number(left === undefined) - Number(right === undefined) || byName(a, b);
    return sign * (left - right) || (a.started ?? Number.POSITIVE_INFINITY) - (b.started ?? Number.POSITIVE_INFINITY) || byName(a, b);
  });
}
