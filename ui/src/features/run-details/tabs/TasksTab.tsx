import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { useMemo, useRef, useState } from "react";
import type { TaskState } from "@/api/own-types";
import { BY_URGENCY, wordOf } from "@/graph/model/state";
import { useProgressVersion } from "@/graph/view/useProgress";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { StatusBadge, StatusIcon } from "@/shared/StatusBadge";
import { useNowWhile } from "@/shared/Time";
import { durationText } from "@/shared/time";
import { useUrlState } from "@/shared/url";
import { isFinal, type LiveRun } from "../live";
import type { Selection } from "../selection";
import { type SortKey, sorted, type TaskRow, taskRows } from "./taskRows";

const ROW = 36;
const COLUMNS = "grid grid-cols-[130px_minmax(0,1fr)_90px_90px_70px] max-sm:grid-cols-[34px_minmax(0,1fr)_80px]";

/** Every task that has begun, failed ones first. */
export function TasksTab({ live, selection }: { live: LiveRun; selection: Selection }) {
  const [url, patch] = useUrlState();
  const version = useProgressVersion(live.store);
  const isMoving = live.run !== undefined && !isFinal(live.run.state);
  const now = useNowWhile(isMoving);
  const [key, setKey] = useState<SortKey>("urgency");
  const [isDown, setDown] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const text = url["find"] ?? "";
  const state = url["state"] as TaskState | undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the store holds
  const all = useMemo(() => taskRows(live.store.all(), now), [live.store, version, now]);
  const shown = useMemo(() => {
    const wanted = text.toLowerCase();
    const fits = (row: TaskRow) =>
      (state === undefined || row.task.state === state) &&
      (wanted === "" || row.task.display_name.toLowerCase().includes(wanted) || row.task.key.toLowerCase().includes(wanted));
    return sorted(all.filter(fits), key, isDown);
  }, [all, text, state, key, isDown]);
  const list = useVirtualizer({ count: shown.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });
  const press = (next: SortKey) => {
    setDown(next === key ? !isDown : next !== "urgency" && next !== "name");
    setKey(next);
  };
  const head = (column: SortKey, word: string, className?: string) => (
    <div role="columnheader" aria-sort={key === column ? (isDown ? "descending" : "ascending") : "none"} className={className}>
      <button type="button" onClick={() => press(column)} className="flex items-center gap-1 text-2xs text-ink-3 hover:text-ink">
        {word}
        {key === column && (isDown ? <ArrowDown size={10} aria-hidden /> : <ArrowUp size={10} aria-hidden />)}
      </button>
    </div>
  );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex min-h-10 flex-wrap items-center gap-1.5 border-b border-line px-3 py-1.5">
        <input
          aria-label="Filter tasks by name"
          placeholder="Filter by name"
          value={text}
          onChange={(event) => patch({ find: event.target.value })}
          className="h-7 w-44 rounded-md bg-surface px-2 text-xs ring-1 ring-line-strong ring-inset placeholder:text-ink-3"
        />
        {BY_URGENCY.map((word) => {
          const count = all.filter((row) => (row.task.state ?? "IDLE") === word).length;
          if (count === 0 || word === "IDLE") return null;
          return (
            <button
              key={word}
              type="button"
              aria-pressed={state === word}
              onClick={() => patch({ state: state === word ? undefined : word })}
              className={cx("flex h-6 items-center gap-1 rounded-full px-2 text-xs", state === word ? "bg-accent-soft text-accent-ink" : "bg-neutral-soft text-ink-2")}
            >
              <StatusIcon state={word} size={12} />
              <span className="tnum">{count}</span> {wordOf(word).toLowerCase()}
            </button>
          );
        })}
      </div>
      <div ref={scroller} tabIndex={0} role="region" aria-label="Tasks" className="min-h-0 flex-1 overflow-y-auto">
        <div role="table" aria-label="Tasks of the run" aria-rowcount={shown.length}>
          <div role="rowgroup" className="sticky top-0 z-10 border-b border-line bg-surface">
            <div role="row" className={cx(COLUMNS, "h-8 items-center gap-3 px-4")}>
              {head("urgency", "State", "max-sm:overflow-hidden")}
              {head("name", "Name")}
              {head("duration", "Duration")}
              {head("waited", "Waited", "max-sm:hidden")}
              {head("attempts", "Attempts", "max-sm:hidden")}
            </div>
          </div>
          {shown.length === 0 && <EmptyState title={all.length === 0 ? "Nothing has begun" : "No task is like that"} />}
          <div role="rowgroup" style={{ height: list.getTotalSize() }} className="relative">
            {list.getVirtualItems().map((item) => {
              const row = shown[item.index];
              const { task } = row;
              return (
                <div
                  key={task.key}
                  role="row"
                  aria-rowindex={item.index + 1}
                  style={{ top: item.start, height: ROW }}
                  className={cx(COLUMNS, "absolute inset-x-0 items-center gap-3 border-b border-line px-4 text-xs", selection.task === task.key ? "bg-accent-soft" : "hover:bg-hover")}
                >
                  <span role="cell" className="overflow-hidden">
                    <StatusBadge state={task.state} plain />
                  </span>
                  <span role="cell" className="min-w-0">
                    <button type="button" onClick={() => selection.selectTask(task.key)} className="block max-w-full truncate text-left after:absolute after:inset-0">
                      <span className="font-medium">{task.display_name}</span>
                      {row.path !== "" && <span className="ml-2 text-ink-3">{row.path}</span>}
                      {task.error !== undefined && <span className="ml-2 text-failed">{task.error.message}</span>}
                    </button>
                  </span>
                  <span role="cell" className="tnum text-ink-2">{row.duration === undefined || task.state === "CACHED" ? "—" : durationText(row.duration)}</span>
                  <span role="cell" className="tnum text-ink-3 max-sm:hidden">{row.waited < 1 ? "—" : durationText(row.waited)}</span>
                  <span role="cell" className="tnum text-ink-3 max-sm:hidden">{task.attempts > 0 ? task.attempts : "—"}</span>
                </div>
              );
            })}
          </div>
        </div>
      </div>
    </div>
  );
}
