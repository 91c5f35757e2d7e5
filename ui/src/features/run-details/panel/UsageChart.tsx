import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { getUsage } from "@/api/own";
import { usePalette } from "@/graph/view/palette";
import { ErrorBanner } from "@/shared/Banner";
import { bytesText } from "@/shared/bytes";

export interface UsageChartProps {
  run: string;
  task: string;
  attempt: number;
  isRunning: boolean;
}

const HEIGHT = 150;
/** What a running task uses is told by no event. */
const LOOK_EVERY = 2_000;

/** CPU and memory of one attempt over its time. */
export default function UsageChart({ run, task, attempt, isRunning }: UsageChartProps) {
  const query = useQuery({ ...getUsage(run, task, attempt), refetchInterval: isRunning ? LOOK_EVERY : false });
  const palette = usePalette();
  const place = useRef<HTMLDivElement>(null);
  const points = query.data?.points;
  useEffect(() => {
    const element = place.current;
    if (element === null || points === undefined || points.length < 2) return;
    const grid = { stroke: palette.line, width: 0.5 };
    const axis = { stroke: palette.ink2, grid, ticks: grid, font: `11px ${palette.font}` };
    const chart = new uPlot(
      {
        width: Math.max(200, element.clientWidth),
        height: HEIGHT,
        cursor: { y: false },
        legend: { live: true },
        scales: { x: { time: false }, cpu: { range: (_, __, most) => [0, Math.max(0.1, most * 1.1)] }, memory: { range: (_, __, most) => [0, Math.max(1e6, most * 1.1)] } },
        axes: [
          { ...axis, values: (_, values) => values.map((value) => `${value} s`) },
          { ...axis, scale: "cpu", size: 46 },
          { ...axis, scale: "memory", side: 1, size: 64, grid: { show: false }, values: (_, values) => values.map((value) => bytesText(value)) },
        ],
        series: [
          { label: "Time", value: (_, value) => (value === null ? "" : `${value.toFixed(1)} s`) },
          { label: "CPU cores", scale: "cpu", stroke: palette.tones.running, width: 1.5, value: (_, value) => (value === null ? "" : value.toFixed(2)) },
          { label: "Memory", scale: "memory", stroke: palette.tones.succeeded, width: 1.5, dash: [5, 3], value: (_, value) => (value === null ? "" : bytesText(value)) },
        ],
      },
      [points.map((point) => point[0]), points.map((point) => point[1]), points.map((point) => point[2])],
      element,
    );
    const observer = new ResizeObserver(() => chart.setSize({ width: Math.max(200, element.clientWidth), height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [points, palette]);
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (points !== undefined && points.length < 2) return <p className="text-ink-3">The attempt was too short to be measured over time.</p>;
  const most = points?.reduce((peak, point) => Math.max(peak, point[2]), 0) ?? 0;
  return <div ref={place} role="img" aria-label={`CPU and memory over time; at most ${bytesText(most)}`} className="min-h-40 w-full text-2xs" />;
}
