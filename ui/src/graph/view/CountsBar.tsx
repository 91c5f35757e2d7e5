import type { Counts, TaskState } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { BY_URGENCY, toneOf, wordOf } from "../model/state";

const colours = {
  succeeded: "bg-succeeded",
  running: "bg-running",
  failed: "bg-failed",
  warning: "bg-warning",
  cached: "bg-cached",
  neutral: "bg-neutral/40",
} as const;

/** How many are in each state, as a bar; the words are beside it. */
export function CountsBar({ counts, total, className }: { counts: Counts; total: number; className?: string }) {
  return (
    <span aria-hidden className={cx("flex overflow-hidden rounded-full bg-neutral-soft", className)}>
      {BY_URGENCY.map((state) => {
        const count = state === "IDLE" ? 0 : (counts[state] ?? 0);
        if (count === 0) return null;
        return <span key={state} className={cx("min-w-0.5", colours[toneOf(state)])} style={{ width: `${(100 * count) / Math.max(1, total)}%` }} />;
      })}
    </span>
  );
}

/** "412 of 1000 done · 3 failed": done are those that nothing follows. */
export function countsText({ count, counts }: { count: number; counts: Counts }): string {
  const done = count - unfinished(count, counts);
  const parts = [done === count ? `${count} ${count === 1 ? "iteration" : "iterations"}` : `${done} of ${count} done`];
  for (const state of ["FAILED", "CANCELED", "RUNNING"] as TaskState[]) {
    const number = counts[state] ?? 0;
    if (number > 0) parts.push(`${number} ${wordOf(state).toLowerCase()}`);
  }
  return parts.join(" · ");
}

function unfinished(count: number, counts: Counts): number {
  const known = Object.values(counts).reduce((sum, number) => sum + number, 0);
  return Math.max(0, count - known) + (counts.RUNNING ?? 0) + (counts.PENDING ?? 0);
}
