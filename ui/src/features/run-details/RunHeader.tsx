import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleStop, Copy, Download, Ellipsis, GitCompareArrows, Hourglass, RotateCcw, SlidersHorizontal } from "lucide-react";
import { useMemo, useState } from "react";
import { getRun } from "@/api/queries";
import type { Run } from "@/api/types";
import { canRetry, canTerminate, runMenu, useRunActions } from "@/features/runs/actions";
import { useProgressVersion } from "@/graph/view/useProgress";
import { CountsBar } from "@/graph/view/CountsBar";
import { BY_URGENCY, wordOf } from "@/graph/model/state";
import { Button, IconButton } from "@/shared/Button";
import { EditorOnly } from "@/shared/EditorOnly";
import { Menu } from "@/shared/Menu";
import { StatusBadge } from "@/shared/StatusBadge";
import { Duration, RelativeTime } from "@/shared/Time";
import { asksSomebody } from "./asks";
import { ExportDialog } from "./ExportDialog";
import { isFinal, type LiveRun } from "./live";

/** What one can do with the run. */
export interface RunActionsProps {
  runId: string;
  live: LiveRun;
  onRetryWith: () => void;
  /** Leads to a task that waits for somebody. */
  onAnswer: (task: string) => void;
}

export function RunActions({ runId, live, onRetryWith, onAnswer }: RunActionsProps) {
  const version = useProgressVersion(live.store);
  const waiting = useMemo(() => (version < 0 ? undefined : firstWaiting(live)), [live, version]);
  const query = useQuery(getRun(runId));
  const actions = useRunActions();
  const navigate = useNavigate();
  const [isExporting, setExporting] = useState(false);
  const run = withLiveState(query.data, live);
  if (run === undefined) return null;
  const isOver = live.run !== undefined && isFinal(live.run.state);
  const more = runMenu(run, { ...actions, remove: (runs) => actions.remove(runs, () => void navigate({ to: "/runs", search: {} })) });
  const entries = more.filter((entry) => entry === null || (entry !== false && !["clone", "retry", "stop"].includes(entry.id)));
  return (
    <>
      <EditorOnly>
        {waiting !== undefined && canTerminate(run) && (
          <Button small kind="primary" icon={<Hourglass size={13} />} onPress={() => onAnswer(waiting)}>
            Answer…
          </Button>
        )}
        {canTerminate(run) && (
          <Button small icon={<CircleStop size={13} />} onPress={() => actions.terminate([run])}>
            Stop
          </Button>
        )}
        {canRetry(run) && (
          <Button small kind="primary" icon={<RotateCcw size={13} />} onPress={() => void actions.retry([run]).then(live.refetch)}>
            Retry
          </Button>
        )}
        <Button small icon={<Copy size={13} />} onPress={() => actions.clone(run)}>
          Clone
        </Button>
      </EditorOnly>
      <Menu
        label="More for this run"
        trigger={<IconButton small kind="secondary" label="More" icon={<Ellipsis size={14} />} />}
        entries={[
          {
            id: "retry-with",
            isChange: true,
            label: "Run again with changes…",
            icon: <SlidersHorizontal size={14} />,
            disabledBecause: isOver ? undefined : "The run is not over.",
            onAction: onRetryWith,
          },
          { id: "compare", label: "Compare with other runs", icon: <GitCompareArrows size={14} />, onAction: () => void navigate({ to: "/compare", search: { runlist: runId } as never }) },
          {
            id: "export",
            label: "Export as a file…",
            icon: <Download size={14} />,
            disabledBecause: isOver ? undefined : "The run is not over.",
            onAction: () => setExporting(true),
          },
          null,
          ...entries,
        ]}
      />
      {actions.dialogs}
      {isExporting && <ExportDialog runId={runId} onClose={() => setExporting(false)} />}
    </>
  );
}

/** The first task that waits for somebody: one that waits for a time only goes on by itself. */
function firstWaiting({ store, view }: LiveRun): string | undefined {
  for (const task of store.all()) if (task.kind === "suspend" && task.state === "RUNNING" && asksSomebody(view, task.component)) return task.key;
  return undefined;
}

/** Events are quicker than lists: what they say of the state counts. */
function withLiveState(run: Run | undefined, live: LiveRun): Run | undefined {
  if (run === undefined || live.run === undefined) return run;
  return { ...run, state: live.run.state };
}

/** State, times and progress, in one line. */
export function RunLine({ live }: { live: LiveRun }) {
  const { run, connection } = live;
  if (run === undefined) return null;
  const total = Object.values(run.counts).reduce((sum, count) => sum + count, 0);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line px-5 py-1.5 text-xs text-ink-3">
      <span>
        Started <RelativeTime time={run.started_at ?? run.created_at} />
      </span>
      {total > 0 && (
        <span className="flex items-center gap-2">
          <CountsBar counts={run.counts} total={total} className="h-1.5 w-28" />
          <span className="flex gap-2">
            {BY_URGENCY.map((state) => {
              const count = state === "IDLE" ? 0 : (run.counts[state] ?? 0);
              return count === 0 ? null : (
                <span key={state} className="tnum whitespace-nowrap">
                  {count} {wordOf(state).toLowerCase()}
                </span>
              );
            })}
          </span>
        </span>
      )}
      <span className="ml-auto" role="status">
        {connection === "lost" && <span className="text-warning">Connection lost; what you see may be old. Trying again…</span>}
        {connection === "live" && (
          <span className="flex items-center gap-1.5">
            <span aria-hidden className="size-1.5 animate-[breathe_2s_ease-in-out_infinite] rounded-full bg-running" />
            Live
          </span>
        )}
      </span>
    </div>
  );
}

export function RunHeading({ live, name }: { live: LiveRun; name: string }) {
  const { run } = live;
  return (
    <>
      <span className="truncate">{run?.display_name ?? name}</span>
      {run !== undefined && (
        <>
          <StatusBadge state={run.state} />
          <span className="text-xs font-normal text-ink-3">
            <Duration from={run.started_at} to={run.ended_at} isLive={!isFinal(run.state)} />
          </span>
        </>
      )}
    </>
  );
}
