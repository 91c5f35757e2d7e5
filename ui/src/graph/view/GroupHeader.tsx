import { ChevronDown } from "lucide-react";
import { memo, type ReactNode } from "react";
import { cx } from "@/shared/cx";
import { StatusIcon } from "@/shared/StatusBadge";
import { Duration } from "@/shared/Time";
import type { Box } from "../layout/types";
import type { ProgressStore } from "../model/progress";
import type { SceneNode } from "../model/scene";
import { isFaint, wordOf } from "../model/state";
import { KindIcon, kindWords } from "./NodeCard";
import { useProgress } from "./useProgress";

export interface GroupHeaderProps {
  node: SceneNode;
  box: Box;
  store: ProgressStore | undefined;
  instance: string;
  isSelected: boolean;
  isFocus: boolean;
  onOpen: (id: string) => void;
  onToggle: (id: string) => void;
  /** Of a loop: its iterations. */
  strip?: ReactNode;
}

/** The title of an open group, on its upper border. */
export const GroupHeader = memo(function GroupHeader(props: GroupHeaderProps) {
  const { node, box, store, instance, isSelected, isFocus, onOpen, onToggle, strip } = props;
  const task = useProgress(store, instance);
  const state = task?.state ?? "IDLE";
  return (
    <div style={{ left: box.x, top: box.y, width: box.width }} className="absolute px-1.5 pt-1.5">
      <div className="flex h-7 items-center gap-0.5">
        <button
          type="button"
          tabIndex={-1}
          aria-label={`Collapse ${node.title}`}
          onClick={() => onToggle(node.id)}
          className="flex size-6 shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ChevronDown size={14} aria-hidden />
        </button>
        <button
          type="button"
          data-node={node.id}
          tabIndex={isFocus ? 0 : -1}
          aria-label={`${node.title}, open ${kindWords[node.kind]}${store === undefined ? "" : `, ${wordOf(state).toLowerCase()}`}`}
          aria-pressed={isSelected}
          onClick={() => onOpen(node.id)}
          className={cx(
            "flex h-6 min-w-0 items-center gap-1.5 rounded-md px-1.5 text-xs hover:bg-hover",
            isSelected ? "bg-accent-soft text-accent-ink" : "text-ink-2",
          )}
        >
          {store !== undefined && state !== "IDLE" ? <StatusIcon state={state} size={14} /> : <KindIcon kind={node.kind} />}
          <span className="max-w-3/5 shrink-0 truncate font-medium text-ink">{node.title}</span>
          {node.subtitle !== undefined && <span className="truncate text-ink-3">{node.subtitle}</span>}
          {task?.started_at !== undefined && !isFaint(state) && (
            <span className="shrink-0 text-ink-3">
              <Duration from={task.started_at} to={task.ended_at} isLive={state === "RUNNING"} />
            </span>
          )}
        </button>
      </div>
      {strip}
    </div>
  );
});
