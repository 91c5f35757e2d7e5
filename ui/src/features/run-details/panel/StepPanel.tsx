import { RotateCw, X } from "lucide-react";
import { useEffect, type ReactNode } from "react";
import type { TaskDetailView } from "@/api/own-types";
import { kindOf } from "@/graph/model/scene";
import { isOver, wordOf } from "@/graph/model/state";
import { kindWords } from "@/graph/view/NodeCard";
import { itemText } from "@/graph/view/strip";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { Button, IconButton } from "@/shared/Button";
import { EditorOnly } from "@/shared/EditorOnly";
import { CopyButton } from "@/shared/CodeBlock";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusBadge } from "@/shared/StatusBadge";
import { Tabs, type TabEntry } from "@/shared/Tabs";
import { Duration } from "@/shared/Time";
import type { LiveRun } from "../live";
import type { Selection } from "../selection";
import { ArtifactPanel } from "./ArtifactPanel";
import { CacheTab } from "./CacheTab";
import { DataTab } from "./DataTab";
import { DetailsTab } from "./DetailsTab";
import { EventsTab } from "./EventsTab";
import { IterationsTab } from "./IterationsTab";
import { LogTab } from "./LogTab";
import { Suspension } from "./Suspension";
import { useTaskDetail } from "./useTaskDetail";
import { Waiting } from "./Waiting";

export interface StepPanelProps {
  runId: string;
  live: LiveRun;
  selection: Selection;
  /** Runs again from this task on; absent where that is not possible. */
  onRetryFrom?: (task: string) => void;
}

/** Beside the drawing: everything about the task or artifact that is chosen. */
export function StepPanel(props: StepPanelProps) {
  const { selection } = props;
  const { selectTask } = selection;
  const key = selection.task;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isElsewhere = (event.target as Element | null)?.closest?.("input, textarea, [role=dialog], [role=menu]");
      if (event.key === "Escape" && !isElsewhere && !event.defaultPrevented) selectTask(undefined);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [selectTask]);
  if (key === undefined) return null;
  const arrow = key.lastIndexOf("→");
  if (arrow > key.lastIndexOf("/")) return <ArtifactPanel {...props} producer={key.slice(0, arrow)} output={key.slice(arrow + 1)} />;
  return <TaskPanel key={key} {...props} task={key} />;
}

function TaskPanel({ runId, live, selection, onRetryFrom, task }: StepPanelProps & { task: string }) {
  const { progress, query } = useTaskDetail(runId, task, live.store);
  const detail = query.data;
  const shown = progress ?? detail;
  const kind = detail?.definition !== undefined && live.view !== undefined ? kindWords[kindOf(live.view, detail.definition)] : shown?.kind;
  return (
    <div className="flex min-h-0 flex-1 flex-col bg-surface">
      <PanelHead
        title={shown?.display_name ?? task}
        path={task}
        onClose={() => selection.selectTask(undefined)}
        aside={
          onRetryFrom !== undefined &&
          isOver(shown?.state) &&
          task !== "root" && (
            <EditorOnly>
              <Button small kind="ghost" icon={<RotateCw size={12} />} onPress={() => onRetryFrom(task)}>
                Run again from here
              </Button>
            </EditorOnly>
          )
        }
      >
        {shown?.state !== undefined ? <StatusBadge state={shown.state} /> : <span className="text-ink-3">{wordOf("IDLE")}</span>}
        <span>{kind}</span>
        {shown?.item !== undefined && <span className="truncate" title={itemText(shown.item, 500)}>{itemText(shown.item, 40)}</span>}
        {shown?.started_at !== undefined && <Duration from={shown.started_at} to={shown.ended_at} isLive={shown.state === "RUNNING"} />}
        {shown !== undefined && shown.attempts > 1 && <span>{shown.attempts} attempts</span>}
      </PanelHead>
      {query.error !== null && detail === undefined && (
        <Missing error={query.error} onRetry={() => void query.refetch()} hasBegun={progress?.state !== undefined} />
      )}
      {query.isPending && <div className="p-4"><SkeletonLines lines={6} /></div>}
      {detail !== undefined && <TaskTabs runId={runId} live={live} selection={selection} detail={detail} onAnswered={() => void query.refetch()} />}
    </div>
  );
}

function Missing({ error, onRetry, hasBegun }: { error: Error; onRetry: () => void; hasBegun: boolean }) {
  if (hasBegun) return <ErrorBanner error={error} onRetry={onRetry} className="m-4" />;
  return <p className="p-4 text-ink-3">The task has not begun, so there is nothing to tell of it yet.</p>;
}

function TaskTabs({ runId, live, selection, detail, onAnswered }: { runId: string; live: LiveRun; selection: Selection; detail: TaskDetailView; onAnswered: () => void }) {
  const isLeaf = ["container", "resource", "importer", "suspend"].includes(detail.kind);
  const hasLog = detail.kind === "container" || (detail.kind === "iteration" && detail.attempt_list.length > 0);
  const count = detail.inputs.artifacts.length + detail.inputs.parameters.length + detail.outputs.artifacts.length + detail.outputs.parameters.length;
  const tabs: (TabEntry | false)[] = [
    detail.kind === "loop" && {
      id: "iterations",
      label: "Iterations",
      count: detail.iterations?.count,
      content: <IterationsTab run={runId} loop={detail.key} store={live.store} selection={selection} />,
    },
    { id: "data", label: "Inputs and outputs", count, content: <DataTab detail={detail} selection={selection} /> },
    hasLog && { id: "logs", label: "Logs", content: <LogTab run={runId} detail={detail} /> },
    { id: "details", label: "Details", content: <DetailsTab run={runId} detail={detail} /> },
    { id: "events", label: "Events", content: <EventsTab detail={detail} /> },
    isLeaf && { id: "cache", label: "Cache", content: <CacheTab detail={detail} /> },
  ];
  return (
    <>
      {detail.error !== undefined && (
        <Banner kind="error" title={sentence(detail.error.message)} className="mx-4 mt-3">
          {detail.error.hint !== undefined && <span>{sentence(detail.error.hint)}</span>}
        </Banner>
      )}
      {detail.suspension !== undefined && (
        <Suspension key={detail.key} run={runId} task={detail.key} suspension={detail.suspension} onAnswered={onAnswered} />
      )}
      {detail.waiting !== undefined && detail.suspension?.waits !== true && <Waiting waiting={detail.waiting} selection={selection} />}
      <Tabs
        label="About the task"
        param="panel"
        className="px-3"
        panelClassName="flex min-h-0 flex-1 flex-col overflow-y-auto"
        tabs={tabs.filter((tab) => tab !== false)}
      />
    </>
  );
}

export interface PanelHeadProps {
  title: string;
  path: string;
  children: ReactNode;
  aside?: ReactNode;
  onClose: () => void;
}

export function PanelHead({ title, path, children, aside, onClose }: PanelHeadProps) {
  return (
    <header className="shrink-0 px-4 pt-3 pb-2">
      <div className="flex items-center gap-2">
        <h2 className="min-w-0 truncate text-base" title={title}>
          {title}
        </h2>
        <span className="flex-1" />
        {aside}
        <CopyButton text={path} label="Copy the task's name" />
        <IconButton small label="Close" shortcut="escape" icon={<X size={15} />} onPress={onClose} />
      </div>
      <div className="mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-ink-3">{children}</div>
    </header>
  );
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
