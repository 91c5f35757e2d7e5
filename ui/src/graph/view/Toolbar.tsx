import { ArrowDownWideNarrow, FileBox, FoldVertical, Maximize, Minus, Plus, Route, Search, Tag, UnfoldVertical } from "lucide-react";
import { useSyncExternalStore, type ReactNode } from "react";
import { IconButton } from "@/shared/Button";
import { cx } from "@/shared/cx";
import type { Viewport } from "./viewport";

export interface ToolbarProps {
  viewport: Viewport;
  hasRun: boolean;
  hasGroups: boolean;
  direction: "down" | "right";
  showArtifacts: boolean;
  showCritical: boolean;
  hasLabels: boolean;
  onFit: () => void;
  onSearch: () => void;
  onTurn: () => void;
  onArtifacts: () => void;
  onCritical: () => void;
  onLabels: () => void;
  onExpandAll: () => void;
  onCollapseAll: () => void;
}

export function Toolbar(props: ToolbarProps) {
  const { viewport } = props;
  return (
    <div role="toolbar" aria-label="Graph" className="absolute top-3 left-3 z-10 flex items-center gap-0.5 rounded-lg bg-raised p-0.5 shadow-pop">
      <IconButton small label="Find a task" shortcut="mod+f" icon={<Search size={14} />} onPress={props.onSearch} />
      <Line />
      <IconButton small label="Zoom out" shortcut="-" icon={<Minus size={14} />} onPress={() => viewport.zoomBy(1 / 1.3)} />
      <Zoom viewport={viewport} />
      <IconButton small label="Zoom in" shortcut="+" icon={<Plus size={14} />} onPress={() => viewport.zoomBy(1.3)} />
      <IconButton small label="Fit everything" shortcut="0" icon={<Maximize size={13} />} onPress={props.onFit} />
      <Line />
      {props.hasGroups && (
        <>
          <IconButton small label="Expand all groups" icon={<UnfoldVertical size={14} />} onPress={props.onExpandAll} />
          <IconButton small label="Collapse all groups" icon={<FoldVertical size={14} />} onPress={props.onCollapseAll} />
        </>
      )}
      <Toggle label="Show artifacts" isOn={props.showArtifacts} icon={<FileBox size={14} />} onPress={props.onArtifacts} />
      <Toggle label="Names of data" isOn={props.hasLabels} icon={<Tag size={13} />} onPress={props.onLabels} />
      {props.hasRun && <Toggle label="Critical path" isOn={props.showCritical} icon={<Route size={14} />} onPress={props.onCritical} />}
      <IconButton
        small
        label={props.direction === "down" ? "Draw from left to right" : "Draw from top to bottom"}
        icon={<ArrowDownWideNarrow size={14} className={cx(props.direction === "down" && "-rotate-90")} />}
        onPress={props.onTurn}
      />
    </div>
  );
}

function Line() {
  return <span aria-hidden className="mx-0.5 h-4 w-px bg-line" />;
}

function Toggle({ label, isOn, icon, onPress }: { label: string; isOn: boolean; icon: ReactNode; onPress: () => void }) {
  return <IconButton small label={label} aria-pressed={isOn} icon={icon} onPress={onPress} className={isOn ? "bg-accent-soft text-accent-ink" : undefined} />;
}

function Zoom({ viewport }: { viewport: Viewport }) {
  const zoom = useSyncExternalStore(viewport.subscribe, () => Math.round(viewport.view.zoom * 100));
  return (
    <button
      type="button"
      aria-label={`Zoom ${zoom} percent, set to 100`}
      onClick={() => viewport.zoomBy(1 / viewport.view.zoom)}
      className="tnum w-10 rounded-sm text-center text-2xs text-ink-3 hover:text-ink"
    >
      {zoom}%
    </button>
  );
}
