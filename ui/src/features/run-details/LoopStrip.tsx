import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useRef, type KeyboardEvent, type PointerEvent } from "react";
import { getIterations } from "@/api/own";
import { IconButton } from "@/shared/Button";
import { lookTone } from "@/graph/view/stateColour";
import { usePalette } from "@/graph/view/palette";
import type { ProgressStore } from "@/graph/model/progress";
import { wordOf } from "@/graph/model/state";
import { bars, cells, itemText, mostTelling, nextFailed } from "@/graph/view/strip";
import { useProgress } from "@/graph/view/useProgress";

export interface LoopStripProps {
  run: string;
  /** The loop's instance. */
  loop: string;
  store: ProgressStore;
  chosen: number | undefined;
  onChoose: (iteration: number) => void;
  width: number;
}

const HEIGHT = 14;

/** Every iteration of an open loop as a cell: which one is shown below, and where it failed. */
export function LoopStrip({ run, loop, store, chosen, onChoose, width }: LoopStripProps) {
  const task = useProgress(store, loop);
  const query = useIterations(run, loop, JSON.stringify(task?.iterations?.counts ?? {}));
  const iterations = query.data?.iterations ?? [];
  const count = task?.iterations?.count ?? query.data?.count ?? 0;
  const palette = usePalette();
  const canvas = useRef<HTMLCanvasElement>(null);
  const room = Math.max(40, Math.min(width - 210, count * 16));
  const at = chosen ?? 0;

  useEffect(() => {
    if (chosen === undefined && query.data !== undefined && count > 0) onChoose(mostTelling(query.data.iterations));
  }, [chosen, query.data, count, onChoose]);

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = room * ratio;
    element.height = HEIGHT * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const shown = cells(iterations, count, Math.floor(room / 4));
    const step = room / Math.max(1, shown.length);
    shown.forEach((cell, index) => {
      const isChosen = at >= cell.from && at < cell.to;
      const isHigh = cell.state === "FAILED" || isChosen;
      const begin = isHigh ? 0 : 3;
      for (const bar of bars(cell.shares, HEIGHT - 2 * begin)) {
        context.fillStyle = lookTone(palette, bar.state);
        context.fillRect(index * step, begin + bar.top, Math.max(1, step - 1), bar.height);
      }
      if (!isChosen) return;
      context.fillStyle = palette.accent;
      context.fillRect(index * step, HEIGHT - 2.5, Math.max(3, step - 1), 2.5);
    });
  }, [iterations, count, room, palette, at]);

  if (count === 0) return <div className="h-7 px-2 text-2xs text-ink-3">{task?.state === undefined ? "not started" : "no iterations"}</div>;
  const failed = task?.iterations?.counts.FAILED ?? 0;
  const next = nextFailed(iterations, at);
  const current = iterations.find((iteration) => iteration.iteration === at);
  const pick = (event: PointerEvent<HTMLCanvasElement>) => {
    event.stopPropagation();
    const area = event.currentTarget.getBoundingClientRect();
    onChoose(Math.min(count - 1, Math.max(0, Math.floor(((event.clientX - area.left) / area.width) * count))));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const wanted = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: count - 1, f: next }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    onChoose(Math.min(count - 1, Math.max(0, wanted)));
  };
  return (
    <div className="flex h-7 items-center gap-1 pl-1 text-2xs text-ink-3">
      <IconButton small label="Previous iteration" icon={<ChevronLeft size={12} />} isDisabled={at === 0} onPress={() => onChoose(at - 1)} />
      <span className="tnum whitespace-nowrap text-ink-2">
        {at} / {count}
      </span>
      <IconButton small label="Next iteration" icon={<ChevronRight size={12} />} isDisabled={at >= count - 1} onPress={() => onChoose(at + 1)} />
      <canvas
        ref={canvas}
        role="slider"
        tabIndex={0}
        aria-label="Iteration shown below; F goes to the next failed one"
        aria-valuemin={0}
        aria-valuemax={count - 1}
        aria-valuenow={at}
        aria-valuetext={`Iteration ${at} of ${count}, ${wordOf(current?.state ?? "IDLE").toLowerCase()}, ${itemText(current?.item)}`}
        onPointerDown={pick}
        onKeyDown={onKeyDown}
        style={{ width: room, height: HEIGHT }}
        className="shrink-0 cursor-pointer rounded-xs"
      />
      {failed > 0 && next !== undefined && (
        <button type="button" tabIndex={-1} onClick={() => onChoose(next)} title="To the next failed one (F)" className="shrink-0 rounded-sm px-0.5 whitespace-nowrap text-failed hover:underline">
          {failed} failed
        </button>
      )}
      <span className="truncate" title={itemText(current?.item, 400)}>
        {itemText(current?.item, 40)}
      </span>
    </div>
  );
}

/** The iterations of a loop, read again at most once a second while their counts change. */
export function useIterations(run: string, loop: string, counts: string) {
  const client = useQueryClient();
  const query = useQuery(getIterations(run, loop));
  const seen = useRef(counts);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    if (seen.current === counts || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      seen.current = counts;
      void client.invalidateQueries({ queryKey: ["runs", "iterations", run, loop] });
    }, 1000);
  }, [counts, client, run, loop]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return query;
}
