import { useVirtualizer } from "@tanstack/react-virtual";
import { ChevronRight, Minus, Plus, Scan } from "lucide-react";
import { useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { useProgressVersion } from "@/graph/view/useProgress";
import { isOver, toneOf, wordOf } from "@/graph/model/state";
import { IconButton } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { StatusIcon } from "@/shared/StatusBadge";
import { useNowWhile } from "@/shared/Time";
import { durationText } from "@/shared/time";
import { isFinal, type LiveRun } from "../live";
import type { Selection } from "../selection";
import { axisText, type Bar, type Extent, extent, panExtent, type Row, rows, ticks, zoomExtent } from "./rows";

const ROW = 28;
const LABELS = 260;

/** The run over time: what waited, what was prepared, what ran, and what it all waited for. */
export function TimelineTab({ live, selection }: { live: LiveRun; selection: Selection }) {
  const version = useProgressVersion(live.store);
  const isMoving = live.run !== undefined && !isFinal(live.run.state);
  const now = useNowWhile(isMoving);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [zoom, setZoom] = useState<Extent>();
  const [width, setWidth] = useState(600);
  const scroller = useRef<HTMLDivElement>(null);
  const end = isMoving ? now : 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for what the store holds
  const all = useMemo(() => rows(live.store.all(), end, (key) => folded.has(key)), [live.store, version, end, folded]);
  const whole = useMemo(() => extent(all, Date.now()), [all]);
  const seen = zoom ?? whole;
  const labels = width < 560 ? 150 : LABELS;
  const room = Math.max(80, width - labels - 12);
  const list = useVirtualizer({ count: all.length, getScrollElement: () => scroller.current, estimateSize: () => ROW, overscan: 12 });

  const onWheel = useEffectEvent((event: WheelEvent, left: number) => {
    const isZoom = event.ctrlKey || event.metaKey;
    if (!isZoom && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    const perPixel = (seen.to - seen.from) / room;
    if (!isZoom) setZoom(panExtent(seen, whole, event.deltaX * perPixel));
    else setZoom(zoomExtent(seen, whole, seen.from + Math.max(0, event.clientX - left - labels) * perPixel, Math.exp(event.deltaY / 200)));
  });
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry.contentRect.width));
    observer.observe(element);
    const listen = (event: WheelEvent) => onWheel(event, element.getBoundingClientRect().left);
    element.addEventListener("wheel", listen, { passive: false });
    return () => {
      observer.disconnect();
      element.removeEventListener("wheel", listen);
    };
  }, []);

  const middle = (seen.from + seen.to) / 2;
  const marks = ticks(seen, whole.from, room);
  const place = (at: number) => ((at - seen.from) / Math.max(1, seen.to - seen.from)) * room;
  const toggle = (key: string) =>
    setFolded((before) => {
      const next = new Set(before);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-10 shrink-0 items-center gap-3 border-b border-line px-3 text-2xs text-ink-3">
        <Legend />
        <span className="flex-1" />
        <IconButton small label="Zoom out" icon={<Minus size={13} />} onPress={() => setZoom(zoomExtent(seen, whole, middle, 1.6))} />
        <IconButton small label="Zoom in" icon={<Plus size={13} />} onPress={() => setZoom(zoomExtent(seen, whole, middle, 1 / 1.6))} />
        <IconButton small label="Show everything" icon={<Scan size={13} />} onPress={() => setZoom(undefined)} isDisabled={zoom === undefined} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div ref={scroller} tabIndex={0} role="region" aria-label="Timeline of tasks" className="relative min-h-0 flex-1 overflow-x-hidden overflow-y-auto">
        {all.length === 0 && <EmptyState title="Nothing has begun">The first bars appear with the first task.</EmptyState>}
        {all.length > 0 && (
          <div className="sticky top-0 z-10 h-7 border-b border-line bg-surface" style={{ paddingLeft: labels }}>
            <div className="relative h-full">
              {marks.map((mark) => (
                <span key={mark} style={{ left: place(whole.from + mark) }} className="tnum absolute top-1.5 -translate-x-1/2 text-2xs whitespace-nowrap text-ink-3 first:translate-x-0">
                  {axisText(mark)}
                </span>
              ))}
            </div>
          </div>
        )}
        <div style={{ height: list.getTotalSize() }} className="relative">
          <div aria-hidden style={{ left: labels, width: room }} className="absolute inset-y-0">
            {marks.map((mark) => (
              <span key={mark} style={{ left: place(whole.from + mark) }} className="absolute inset-y-0 w-px bg-line" />
            ))}
          </div>
          {list.getVirtualItems().map((item) => (
            <TimelineRow
              key={all[item.index].key}
              row={all[item.index]}
              top={item.start}
              labels={labels}
              room={room}
              place={place}
              isFolded={folded.has(all[item.index].key)}
              isSelected={selection.task === all[item.index].key}
              onFold={toggle}
              onOpen={selection.selectTask}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface TimelineRowProps {
  row: Row;
  top: number;
  labels: number;
  room: number;
  place: (at: number) => number;
  isFolded: boolean;
  isSelected: boolean;
  onFold: (key: string) => void;
  onOpen: (key: string) => void;
}

function TimelineRow({ row, top, labels, room, place, isFolded, isSelected, onFold, onOpen }: TimelineRowProps) {
  const { task } = row;
  const last = row.bars.at(-1);
  const after = last === undefined ? place(row.start) : place(last.to);
  return (
    <div style={{ top, height: ROW }} className={cx("absolute inset-x-0 flex items-center border-b border-line/60", isSelected ? "bg-accent-soft" : "hover:bg-hover")}>
      <div style={{ width: labels, paddingLeft: 8 + Math.min(8, row.depth) * 14 }} className="flex h-full shrink-0 items-center gap-1 overflow-hidden pr-2">
        {row.isGroup ? (
          <IconButton
            small
            label={`${isFolded ? "Unfold" : "Fold"} ${task.display_name}`}
            aria-expanded={!isFolded}
            icon={<ChevronRight size={12} className={cx("transition-transform", !isFolded && "rotate-90")} />}
            onPress={() => onFold(row.key)}
            className="size-5!"
          />
        ) : (
          <span className="w-5 shrink-0" />
        )}
        <button type="button" onClick={() => onOpen(row.key)} className="flex h-full min-w-0 items-center gap-1.5 text-left text-xs">
          <StatusIcon state={task.state} size={13} label={wordOf(task.state ?? "IDLE")} />
          <span className="truncate">{nameText(row)}</span>
        </button>
      </div>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the name at the left is the button for keys */}
      <div role="presentation" style={{ width: room }} className="relative h-full overflow-hidden" onClick={() => onOpen(row.key)}>
        {row.bars.map((bar, index) => (
          <BarView
            // biome-ignore lint/suspicious/noArrayIndexKey: bars only grow in number
            key={index}
            bar={bar}
            row={row}
            left={place(bar.from)}
            right={place(bar.to)}
            room={room}
          />
        ))}
        {row.bars.length === 0 && <span style={{ left: Math.min(room - 70, Math.max(0, after)) }} className="absolute top-1.5 text-2xs text-ink-3">{wordOf(task.state ?? "IDLE").toLowerCase()}</span>}
        {last !== undefined && after < room - 48 && after >= 0 && (
          <span style={{ left: after + 6 }} className="tnum absolute top-1.5 text-2xs whitespace-nowrap text-ink-3">
            {durationText(row.end - row.start)}
          </span>
        )}
      </div>
    </div>
  );
}

const fills = {
  succeeded: "bg-succeeded",
  running: "bg-running",
  failed: "bg-failed",
  warning: "bg-warning",
  cached: "bg-cached",
  neutral: "bg-neutral",
};

function BarView({ bar, row, left, right, room }: { bar: Bar; row: Row; left: number; right: number; room: number }) {
  if (right < 0 || left > room) return null;
  const from = Math.max(-4, left);
  const width = Math.max(2, Math.min(room + 4, right) - from);
  const lastAttempt = row.bars.at(-1)?.attempt;
  // An attempt before the last one was given up, whatever became of the task.
  const tone = bar.kind === "running" && bar.attempt !== lastAttempt ? "failed" : toneOf(row.task.state ?? "IDLE");
  const isStill = isOver(row.task.state);
  const label = `${bar.kind}${row.bars.some((other) => other.attempt > 0) ? `, attempt ${bar.attempt + 1}` : ""}: ${durationText(bar.to - bar.from)}`;
  return (
    <span
      title={`${row.task.display_name}: ${label}`}
      style={{ left: from, width }}
      className={cx(
        "absolute",
        bar.kind === "running" && cx("top-2 h-3 rounded-xs", row.isGroup ? "top-3! h-1! opacity-60" : "", fills[tone]),
        bar.kind === "running" && bar.isOpen && !isStill && "animate-[breathe_1.6s_ease-in-out_infinite]",
        bar.kind === "preparing" && "top-2 h-3 rounded-xs bg-[repeating-linear-gradient(135deg,var(--running)_0_2px,var(--running-soft)_2px_5px)]",
        bar.kind === "waiting" && "top-[13px] h-0.5 bg-line-strong",
        bar.kind === "backoff" && "top-[13px] h-0.5 bg-[repeating-linear-gradient(90deg,var(--warning)_0_4px,transparent_4px_7px)]",
      )}
    />
  );
}

function nameText(row: Row): string {
  return row.task.iteration === undefined ? row.task.display_name : `#${row.task.iteration}`;
}

function Legend() {
  const entries: [string, string][] = [
    ["waiting", "h-0.5 w-4 bg-line-strong"],
    ["preparing", "h-2.5 w-4 rounded-xs bg-[repeating-linear-gradient(135deg,var(--running)_0_2px,var(--running-soft)_2px_5px)]"],
    ["running", "h-2.5 w-4 rounded-xs bg-succeeded"],
    ["pause before a retry", "h-0.5 w-4 bg-[repeating-linear-gradient(90deg,var(--warning)_0_4px,transparent_4px_7px)]"],
  ];
  return (
    <ul className="flex flex-wrap items-center gap-x-3" aria-label="Legend">
      {entries.map(([word, look]) => (
        <li key={word} className="flex items-center gap-1.5">
          <span aria-hidden className={look} />
          {word}
        </li>
      ))}
    </ul>
  );
}
