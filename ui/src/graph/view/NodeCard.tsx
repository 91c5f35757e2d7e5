import { Box as BoxIcon, ChevronRight, Download, FileBox, GitBranch, Hourglass, Layers, Repeat2, RotateCcw, Settings2 } from "lucide-react";
import { memo } from "react";
import type { TaskProgress } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { StatusIcon } from "@/shared/StatusBadge";
import { toneText } from "@/shared/status";
import { Duration } from "@/shared/Time";
import type { Box } from "../layout/types";
import type { ProgressStore } from "../model/progress";
import type { NodeKind, SceneNode } from "../model/scene";
import { isFaint, isUndone, type Look, toneOf, wordOf } from "../model/state";
import { CountsBar, countsText } from "./CountsBar";
import { useProgress } from "./useProgress";

export interface NodeCardProps {
  node: SceneNode;
  box: Box;
  store: ProgressStore | undefined;
  /** The run's name for the node. */
  instance: string;
  isSelected: boolean;
  isFocus: boolean;
  isFound: boolean;
  isCritical: boolean;
  onOpen: (id: string) => void;
  onToggle: (id: string) => void;
  onHover: (id: string | undefined) => void;
}

const icons: Record<NodeKind, typeof BoxIcon> = {
  task: BoxIcon,
  importer: Download,
  resource: Settings2,
  suspend: Hourglass,
  group: Layers,
  condition: GitBranch,
  loop: Repeat2,
  artifact: FileBox,
};

export const kindWords: Record<NodeKind, string> = {
  task: "task",
  importer: "importer",
  resource: "resource task",
  suspend: "task that waits",
  group: "group",
  condition: "condition",
  loop: "loop",
  artifact: "artifact",
};

/** One task in the drawing. */
export const NodeCard = memo(function NodeCard(props: NodeCardProps) {
  const { node, box, store, instance, isSelected, isFocus, isFound, isCritical, onOpen, onToggle, onHover } = props;
  const task = useProgress(store, instance);
  if (node.kind === "artifact") return <ArtifactCard {...props} />;
  const state: Look = task?.state ?? "IDLE";
  const hasRun = store !== undefined;
  return (
    <div
      style={{ left: box.x, top: box.y, width: box.width, height: box.height }}
      className="absolute"
      onPointerEnter={() => onHover(node.id)}
      onPointerLeave={() => onHover(undefined)}
    >
      {node.isGroup && (
        <span aria-hidden className="absolute inset-x-2 -bottom-1.5 h-3 rounded-b-lg bg-surface ring-1 ring-line-strong" />
      )}
      <button
        type="button"
        data-node={node.id}
        tabIndex={isFocus ? 0 : -1}
        aria-label={labelOf(node, task, hasRun) + (isCritical ? ", on the critical path" : "")}
        aria-pressed={isSelected}
        onClick={() => onOpen(node.id)}
        onDoubleClick={() => node.isGroup && onToggle(node.id)}
        className={cx(
          "absolute inset-0 flex items-center gap-2.5 overflow-hidden rounded-lg bg-surface px-2.5 text-left ring-1 transition-shadow",
          ringOf(state, hasRun, isSelected, isFound, isCritical),
          hasRun && isUndone(state) && !isSelected && "border border-dashed border-line-strong ring-0",
          state === "FAILED" && "bg-failed-soft",
        )}
      >
        {hasRun ? <NodeState state={state} /> : <KindIcon kind={node.kind} />}
        <span className="min-w-0 flex-1">
          <span className={cx("block truncate text-xs font-medium", hasRun && isFaint(state) ? "text-ink-3" : "text-ink")}>{node.title}</span>
          <span className="flex items-center gap-1 truncate text-2xs text-ink-3">
            <Line node={node} task={task} state={state} hasRun={hasRun} />
          </span>
          {hasRun && node.kind === "loop" && task?.iterations !== undefined && (
            <CountsBar counts={task.iterations.counts} total={task.iterations.count} className="mt-1 h-1" />
          )}
        </span>
        {task !== undefined && task.attempts > 1 && <Attempts count={task.attempts} />}
        {hasRun && node.kind !== "task" && !node.isGroup && <KindIcon kind={node.kind} isSmall />}
        {node.isGroup && <span className="w-5" />}
      </button>
      {node.isGroup && (
        <button
          type="button"
          tabIndex={-1}
          aria-label={`Expand ${node.title}`}
          onClick={() => onToggle(node.id)}
          className="absolute top-1/2 right-1.5 flex size-6 -translate-y-1/2 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ChevronRight size={14} aria-hidden />
        </button>
      )}
    </div>
  );
});

function ringOf(state: Look, hasRun: boolean, isSelected: boolean, isFound: boolean, isCritical: boolean): string {
  if (isSelected) return "ring-2 ring-accent shadow-[0_0_0_4px_var(--accent-soft)]";
  if (isFound) return "ring-2 ring-accent/60";
  if (isCritical) return "ring-2 ring-warning";
  if (!hasRun) return "ring-line-strong hover:ring-ink-3";
  if (state === "FAILED") return "ring-failed/60 hover:ring-failed";
  if (state === "RUNNING") return "ring-running/70 hover:ring-running shadow-[0_0_0_3px_var(--running-soft)]";
  return "ring-line-strong hover:ring-ink-3";
}

function NodeState({ state }: { state: Look }) {
  if (state === "IDLE") return <span aria-hidden className="size-4 shrink-0 rounded-full border border-dashed border-line-strong" />;
  return <StatusIcon state={state} size={16} />;
}

export function KindIcon({ kind, isSmall }: { kind: NodeKind; isSmall?: boolean }) {
  const Icon = icons[kind];
  return <Icon size={isSmall === true ? 12 : 15} aria-hidden className="shrink-0 text-ink-3" />;
}

function Attempts({ count }: { count: number }) {
  return (
    <span className="tnum flex shrink-0 items-center gap-0.5 rounded-sm bg-neutral-soft px-1 text-2xs text-ink-2" title={`${count} attempts`}>
      <RotateCcw size={10} aria-hidden />
      {count}
    </span>
  );
}

interface LineProps {
  node: SceneNode;
  task: TaskProgress | undefined;
  state: Look;
  hasRun: boolean;
}

/** The second line: how it fares, or what it is. */
function Line({ node, task, state, hasRun }: LineProps) {
  if (!hasRun || (state === "IDLE" && node.subtitle !== undefined)) return <span className="truncate">{node.subtitle ?? kindWords[node.kind]}</span>;
  if (node.kind === "loop" && task?.iterations !== undefined) return <span className="truncate">{countsText(task.iterations)}</span>;
  return (
    <>
      <span className={toneText[toneOf(state)]}>{wordOf(state)}</span>
      {task?.started_at !== undefined && state !== "CACHED" && !isFaint(state) && (
        <>
          <span aria-hidden>·</span>
          <Duration from={task.started_at} to={task.ended_at} isLive={state === "RUNNING"} />
        </>
      )}
      {task?.note !== undefined && state !== "FAILED" && <span className="truncate">{`· ${task.note}`}</span>}
      {node.kind === "condition" && node.subtitle !== undefined && <span className="truncate">{`· ${node.subtitle}`}</span>}
    </>
  );
}

function labelOf(node: SceneNode, task: TaskProgress | undefined, hasRun: boolean): string {
  const parts = [node.title, kindWords[node.kind]];
  if (hasRun) parts.push(wordOf(task?.state ?? "IDLE").toLowerCase());
  if (task !== undefined && task.attempts > 1) parts.push(`${task.attempts} attempts`);
  if (task?.iterations !== undefined) parts.push(countsText(task.iterations));
  if (node.subtitle !== undefined) parts.push(node.subtitle);
  return parts.join(", ");
}

function ArtifactCard({ node, box, isSelected, isFocus, isFound, onOpen, onHover }: NodeCardProps) {
  return (
    <button
      type="button"
      data-node={node.id}
      tabIndex={isFocus ? 0 : -1}
      aria-label={`${node.title}, artifact of type ${node.subtitle ?? "unknown"}`}
      aria-pressed={isSelected}
      onClick={() => onOpen(node.id)}
      onPointerEnter={() => onHover(node.id)}
      onPointerLeave={() => onHover(undefined)}
      style={{ left: box.x, top: box.y, width: box.width, height: box.height }}
      className={cx(
        "absolute flex items-center gap-1.5 rounded-full bg-sunken px-2.5 text-2xs ring-1",
        isSelected ? "ring-2 ring-accent" : isFound ? "ring-2 ring-accent/60" : "ring-line-strong hover:ring-ink-3",
      )}
    >
      <FileBox size={12} aria-hidden className="shrink-0 text-ink-3" />
      <span className="truncate text-ink-2">{node.title}</span>
      <span className="ml-auto shrink-0 truncate text-ink-3">{node.subtitle}</span>
    </button>
  );
}
