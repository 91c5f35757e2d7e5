import { useCallback, useEffect, useEffectEvent, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import type { GraphView } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { criticalPath } from "./model/critical";
import { type Chosen, instanceKey } from "./model/keys";
import type { ProgressStore } from "./model/progress";
import { findables, type SceneNode } from "./model/scene";
import type { Look } from "./model/state";
import { type Arrow, neighbour } from "./model/walk";
import { gestures } from "./view/gestures";
import { GraphSearch } from "./view/GraphSearch";
import { GroupHeader } from "./view/GroupHeader";
import { Minimap } from "./view/Minimap";
import { NodeCard } from "./view/NodeCard";
import type { Picture } from "./view/paint";
import { usePalette } from "./view/palette";
import { Toolbar } from "./view/Toolbar";
import { usePainter } from "./view/usePainter";
import { useProgressVersion } from "./view/useProgress";
import { useScene } from "./view/useScene";
import { NONE, useVisible } from "./view/useVisible";
import { firstView, READABLE, Viewport } from "./view/viewport";

export interface GraphCanvasProps {
  view: GraphView;
  label: string;
  /** How the tasks of a run fare; none draws the pipeline alone. */
  store?: ProgressStore;
  chosen?: Chosen;
  /** The node that is looked at beside the drawing. */
  selected?: string;
  /** Called with a node, or with nothing when the ground was pressed. */
  onSelect?: (node: string | undefined) => void;
  /** What to show below the title of an open loop. */
  strip?: (node: SceneNode, width: number) => ReactNode;
  /** Nodes to mark, such as those that differ between runs. */
  marked?: ReadonlySet<string>;
  className?: string;
}

const NO_NODES: ReadonlySet<string> = new Set();
const NO_CHOICE: Chosen = new Map();
/** Smaller drawings need no map. */
const MAP_FROM = 12;

/** A pipeline or a run as a drawing that can be walked with mouse, fingers and keys. */
export function GraphCanvas({ view, label, store, chosen = NO_CHOICE, selected, onSelect, strip, marked = NO_NODES, className }: GraphCanvasProps) {
  const [viewport] = useState(() => new Viewport());
  const drawn = useScene(view);
  const { scene, index, direction, hasLabels } = drawn;
  const [hovered, setHovered] = useState<string>();
  const [focus, setFocus] = useState<string>();
  const [found, setFound] = useState<ReadonlySet<string>>(NO_NODES);
  const [isSearching, setSearching] = useState(false);
  const [showCritical, setShowCritical] = useState(false);
  const palette = usePalette();
  const version = useProgressVersion(store);
  const boxes = useVisible(index, viewport);
  const root = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<HTMLDivElement>(null);
  const everything = useMemo(() => findables(view), [view]);

  const critical = useMemo(
    () => (showCritical && store !== undefined && version >= 0 ? criticalPath(view, (key) => store.get(key), chosen, Date.now()) : undefined),
    [showCritical, store, view, chosen, version],
  );
  const picture = useMemo<Picture | undefined>(() => {
    if (index === undefined) return undefined;
    const stateOf = (node: string): Look => store?.get(instanceKey(node, chosen))?.state ?? "IDLE";
    const highlighted = marked.size === 0 ? found : new Set([...marked, ...found]);
    return { scene, index, direction, stateOf, hasRun: store !== undefined, selected, hovered, found: highlighted, critical, hasLabels };
  }, [scene, index, direction, store, chosen, selected, hovered, found, marked, critical, hasLabels]);
  usePainter(canvas, layer, viewport, picture, palette, version);

  const anchor = useRef<{ id: string; x: number; y: number }>(undefined);
  const isPlaced = useRef(false);
  const toReveal = useRef<string>(undefined);
  const fit = () => index !== undefined && viewport.fit({ x: 0, y: 0, width: index.layout.width, height: index.layout.height });
  const reveal = (id: string, least = 0) => {
    const box = index?.byId.get(id);
    if (box !== undefined) viewport.reveal(scene.nodes.get(id)?.isOpen === true ? { ...box, height: Math.min(box.height, 120) } : box, least);
    return box !== undefined;
  };
  /** Opens what is around a node and brings it into sight, now or when the layout is there. */
  const go = (id: string) => {
    drawn.openTo(id);
    setFocus(id);
    toReveal.current = isPlaced.current && reveal(id, READABLE * 1.6) ? undefined : id;
  };

  const onLayout = useEffectEvent(() => {
    if (index === undefined || viewport.size.width === 0) return;
    if (!isPlaced.current) {
      isPlaced.current = true;
      viewport.set(firstView({ x: 0, y: 0, width: index.layout.width, height: index.layout.height }, viewport.size));
    }
    const kept = anchor.current;
    const box = kept === undefined ? undefined : index.byId.get(kept.id);
    if (kept !== undefined && box !== undefined) {
      const { zoom } = viewport.view;
      viewport.set({ zoom, x: kept.x - box.x * zoom, y: kept.y - box.y * zoom });
    }
    anchor.current = undefined;
    if (toReveal.current !== undefined && reveal(toReveal.current, READABLE * 1.6)) toReveal.current = undefined;
  });
  useEffect(() => onLayout(), [index]);

  const onResize = useEffectEvent((width: number, height: number) => {
    viewport.resize(width, height);
    if (!viewport.isTouched) {
      isPlaced.current = false;
      if (selected !== undefined) toReveal.current = selected;
    }
    if (!isPlaced.current) onLayout();
    else if (selected !== undefined) reveal(selected);
  });
  const onTap = useEffectEvent((x: number, y: number) => {
    const { view: at } = viewport;
    const box = index?.at((x - at.x) / at.zoom, (y - at.y) / at.zoom);
    if (box !== undefined && viewport.view.zoom < READABLE) open(box.id);
    else onSelect?.(undefined);
  });
  useEffect(() => {
    const element = root.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => onResize(entry.contentRect.width, entry.contentRect.height));
    observer.observe(element);
    let last = { x: 0, y: 0 };
    const note = (event: PointerEvent) => {
      const area = element.getBoundingClientRect();
      last = { x: event.clientX - area.left, y: event.clientY - area.top };
    };
    element.addEventListener("pointerdown", note);
    const stop = gestures(element, viewport, () => onTap(last.x, last.y));
    return () => {
      observer.disconnect();
      element.removeEventListener("pointerdown", note);
      stop();
    };
  }, [viewport]);

  const onSelected = useEffectEvent((id: string) => go(id));
  useEffect(() => {
    if (selected !== undefined) onSelected(selected);
  }, [selected]);

  const open = useCallback(
    (id: string) => {
      setFocus(id);
      onSelect?.(id);
    },
    [onSelect],
  );
  const toggle = useStable((id: string) => {
    const box = index?.byId.get(id);
    const { x, y, zoom } = viewport.view;
    if (box !== undefined) anchor.current = { id, x: box.x * zoom + x, y: box.y * zoom + y };
    setFocus(id);
    drawn.toggle(id);
  });
  // The element that has the focus moves with the roving one, once it is built.
  const wantsFocus = useRef(false);
  useEffect(() => {
    if (!wantsFocus.current || focus === undefined) return;
    const element = root.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(focus)}"]`);
    if (element === null || element === undefined) return;
    wantsFocus.current = false;
    element.focus({ preventScroll: true });
  });

  const onKeyDown = (event: KeyboardEvent) => {
    if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "f") {
      event.preventDefault();
      setSearching(true);
      return;
    }
    if (event.metaKey || event.ctrlKey || event.altKey || (event.target as Element).closest("input")) return;
    const current = focus ?? selected ?? index?.layout.boxes[0]?.id;
    if (event.key.startsWith("Arrow") && index !== undefined && current !== undefined) {
      event.preventDefault();
      const next = focus === undefined ? current : neighbour(index.layout, direction, current, event.key as Arrow);
      if (next === undefined) return;
      setFocus(next);
      wantsFocus.current = true;
      reveal(next, READABLE * 1.6);
    } else if (event.key === " " && current !== undefined && scene.nodes.get(current)?.isGroup === true) {
      event.preventDefault();
      wantsFocus.current = true;
      toggle(current);
    } else if (event.key === "Escape") onSelect?.(undefined);
    else if (event.key === "0") fit();
    else if (event.key === "+" || event.key === "=") viewport.zoomBy(1.3);
    else if (event.key === "-") viewport.zoomBy(1 / 1.3);
  };

  const first = focus ?? selected ?? index?.layout.boxes[0]?.id;
  const shown = withFocus(boxes, first, index?.byId);
  return (
    <div
      ref={root}
      role="group"
      aria-label={label}
      aria-describedby="graph-keys"
      onKeyDown={onKeyDown}
      className={cx("relative min-h-0 min-w-0 flex-1 touch-none overflow-hidden bg-canvas select-none", className)}
    >
      <span id="graph-keys" className="sr-only">
        Arrow keys walk along the edges, Enter opens a task, Space opens or closes a group, Control and F finds a task.
      </span>
      <canvas ref={canvas} aria-hidden className="absolute top-0 left-0 max-w-none will-change-transform" />
      <div ref={layer} className="absolute top-0 left-0 will-change-transform">
        <div className={cx("origin-top-left", boxes === NONE && "opacity-0")}>
          {shown.map((box) => {
            const node = scene.nodes.get(box.id);
            if (node === undefined) return null;
            const common = {
              node,
              box,
              store,
              instance: instanceKey(box.id, chosen),
              isSelected: selected === box.id,
              isFocus: first === box.id,
              onOpen: open,
              onToggle: toggle,
            };
            if (node.isOpen) return <GroupHeader key={box.id} {...common} strip={node.kind === "loop" ? strip?.(node, box.width - 20) : undefined} />;
            return (
              <NodeCard
                key={box.id}
                {...common}
                isFound={found.has(box.id) || marked.has(box.id)}
                isCritical={critical?.nodes.has(box.id) === true}
                onHover={setHovered}
              />
            );
          })}
        </div>
      </div>
      <Toolbar
        viewport={viewport}
        hasRun={store !== undefined}
        hasGroups={drawn.hasGroups}
        direction={direction}
        showArtifacts={drawn.showArtifacts}
        showCritical={showCritical}
        onFit={fit}
        onSearch={() => setSearching(true)}
        onTurn={() => {
          isPlaced.current = false;
          drawn.turn();
        }}
        onArtifacts={drawn.toggleArtifacts}
        onCritical={() => setShowCritical(!showCritical)}
        hasLabels={hasLabels}
        onLabels={drawn.toggleLabels}
        onExpandAll={drawn.openAll}
        onCollapseAll={drawn.closeAll}
      />
      {isSearching && <GraphSearch all={everything} onFound={setFound} onGo={go} onClose={() => setSearching(false)} />}
      {picture !== undefined && scene.nodes.size >= MAP_FROM && (
        <Minimap viewport={viewport} picture={picture} palette={palette} version={version} />
      )}
    </div>
  );
}

/** A callback that stays the same and does what the newest one would. */
function useStable(newest: (id: string) => void): (id: string) => void {
  const latest = useRef(newest);
  latest.current = newest;
  return useCallback((id: string) => latest.current(id), []);
}

/** The node with the focus has an element even when it is out of sight or too small to read. */
function withFocus<B extends { id: string }>(boxes: B[], focus: string | undefined, all: ReadonlyMap<string, B> | undefined): B[] {
  if (focus === undefined || boxes.some((box) => box.id === focus)) return boxes;
  const box = all?.get(focus);
  return box === undefined ? boxes : [...boxes, box];
}
