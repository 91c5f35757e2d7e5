import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { TaskProgress, TaskState } from "@/api/own-types";
import { nodeOf } from "@/graph/model/keys";
import type { ProgressStore } from "@/graph/model/progress";
import { BY_URGENCY, urgency, wordOf } from "@/graph/model/state";
import { itemText } from "@/graph/view/strip";
import { useProgress } from "@/graph/view/useProgress";
import { ErrorBanner } from "@/shared/Banner";
import { cx } from "@/shared/cx";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusIcon } from "@/shared/StatusBadge";
import { Duration } from "@/shared/Time";
import { useIterations } from "../LoopStrip";
import type { Selection } from "../selection";

const ROW = 32;

/** Every iteration of a loop, failed ones first, to be found by number or item. */
export function IterationsTab({ run, loop, store, selection }: { run: string; loop: string; store: ProgressStore; selection: Selection }) {
  const task = useProgress(store, loop);
  const counts = task?.iterations?.counts ?? {};
  const query = useIterations(run, loop, JSON.stringify(counts));
  const [text, setText] = useState("");
  const [state, setState] = useState<TaskState>();
  const scroller = useRef<HTMLDivElement>(null);
  const shown = useMemo(() => arranged(query.data?.iterations ?? [], text, state), [query.data, text, state]);
  const rows = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 10 });
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />;
  if (query.data === undefined) return <div className="p-4"><SkeletonLines lines={6} /></div>;
  const open = (iteration: TaskProgress) => {
    selection.choose(nodeOf(loop), iteration.iteration ?? 0);
    selection.selectTask(iteration.key);
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex flex-wrap items-center gap-1.5 px-4 py-2">
        <input
          aria-label="Filter iterations by number or item"
          placeholder="Number or item"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className="h-7 w-36 rounded-md bg-surface px-2 text-xs ring-1 ring-line-strong ring-inset placeholder:text-ink-3"
        />
        {BY_URGENCY.map((word) => {
          const count = word === "IDLE" ? 0 : (counts[word] ?? 0);
          if (count === 0 || word === "IDLE") return null;
          return (
            <button
              key={word}
              type="button"
              aria-pressed={state === word}
              onClick={() => setState(state === word ? undefined : word)}
              className={cx("flex h-6 items-center gap-1 rounded-full px-2 text-xs", state === word ? "bg-accent-soft text-accent-ink" : "bg-neutral-soft text-ink-2")}
            >
              <StatusIcon state={word} size={12} />
              <span className="tnum">{count}</span> {wordOf(word).toLowerCase()}
            </button>
          );
        })}
      </div>
      <div ref={scroller} tabIndex={0} role="region" aria-label="Iterations" className="min-h-0 flex-1 overflow-y-auto border-t border-line">
        {shown.length === 0 && <p className="p-4 text-ink-3">{query.data.count === 0 ? "The loop has no items." : "No iteration is like that."}</p>}
        <ul style={{ height: rows.getTotalSize() }} className="relative">
          {rows.getVirtualItems().map((row) => {
            const iteration = shown[row.index];
            return (
              <li key={iteration.key} style={{ top: row.start, height: ROW }} className="absolute inset-x-0">
                <button type="button" onClick={() => open(iteration)} className="flex size-full items-center gap-2 border-b border-line px-4 text-left text-xs hover:bg-hover">
                  <StatusIcon state={iteration.state} size={13} label={wordOf(iteration.state ?? "IDLE")} />
                  <span className="tnum w-10 shrink-0 text-ink-3">{iteration.iteration}</span>
                  <span className="min-w-0 flex-1 truncate font-mono" title={itemText(iteration.item, 500)}>
                    {itemText(iteration.item)}
                  </span>
                  {iteration.error !== undefined && <span className="min-w-0 flex-1 truncate text-failed">{iteration.error.message}</span>}
                  <span className="shrink-0 text-ink-3">
                    <Duration from={iteration.started_at} to={iteration.ended_at} isLive={iteration.state === "RUNNING"} />
                  </span>
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}

/** Failed ones first, else by number. */
export function arranged(iterations: readonly TaskProgress[], text: string, state: TaskState | undefined): TaskProgress[] {
  const wanted = text.trim().toLowerCase();
  return iterations
    .filter((iteration) => state === undefined || iteration.state === state)
    .filter((iteration) => wanted === "" || String(iteration.iteration) === wanted || itemText(iteration.item, 1000).toLowerCase().includes(wanted))
    .sort((a, b) => Number(b.state === "FAILED") - Number(a.state === "FAILED") || (a.iteration ?? 0) - (b.iteration ?? 0) || urgency(a.state) - urgency(b.state));
}
