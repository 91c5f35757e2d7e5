// The timeline as rows and bars: when each task waited, prepared and ran. Pure; times are milliseconds.

import type { Span, TaskProgress } from "@/api/own-types";

export interface Bar {
  kind: Span["kind"];
  from: number;
  to: number;
  attempt: number;
  /** Goes on still. */
  isOpen: boolean;
}

export interface Row {
  key: string;
  task: TaskProgress;
  depth: number;
  bars: Bar[];
  start: number;
  end: number;
  isGroup: boolean;
}

/** Returns the rows in the order in which their tasks began, children below their parents; `root` is left out. */
export function rows(tasks: Iterable<TaskProgress>, now: number, isFolded: (key: string) => boolean): Row[] {
  const children = new Map<string, TaskProgress[]>();
  for (const task of tasks) {
    if (task.key === "root" || task.created_at === undefined) continue;
    const parent = task.parent ?? "root";
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [task]);
    else known.push(task);
  }
  for (const list of children.values()) list.sort((a, b) => began(a) - began(b) || a.key.localeCompare(b.key, "en", { numeric: true }));
  const found: Row[] = [];
  const walk = (parent: string, depth: number) => {
    for (const task of children.get(parent) ?? []) {
      const inside = children.has(task.key);
      found.push(row(task, depth, now, inside));
      if (inside && !isFolded(task.key)) walk(task.key, depth + 1);
    }
  };
  walk("root", 0);
  return found;
}

function row(task: TaskProgress, depth: number, now: number, isGroup: boolean): Row {
  const bars = barsOf(task, now);
  const start = Math.min(began(task), ...bars.map((bar) => bar.from));
  const end = Math.max(task.ended_at === undefined ? start : Date.parse(task.ended_at), ...bars.map((bar) => bar.to));
  return { key: task.key, task, depth, bars, start, end, isGroup };
}

function began(task: TaskProgress): number {
  const text = task.created_at ?? task.started_at;
  return text === undefined ? 0 : Date.parse(text);
}

/** What lasts still ends now; a task without spans of its own (a group) is one running bar. */
export function barsOf(task: TaskProgress, now: number): Bar[] {
  const isOver = task.ended_at !== undefined;
  if (task.spans.length === 0) {
    if (task.started_at === undefined || task.state === "CACHED") return [];
    const from = Date.parse(task.started_at);
    const to = isOver ? Date.parse(task.ended_at as string) : Math.max(now, from);
    return [{ kind: "running", from, to, attempt: 0, isOpen: !isOver }];
  }
  const end = isOver ? Date.parse(task.ended_at as string) : now;
  return task.spans.map((span) => {
    const from = Date.parse(span.from);
    const to = span.to === undefined ? Math.max(end, from) : Date.parse(span.to);
    return { kind: span.kind, from, to: Math.max(to, from), attempt: span.attempt, isOpen: span.to === undefined && !isOver };
  });
}

export interface Extent {
  from: number;
  to: number;
}

/** From the first beginning to the last end; never empty. */
export function extent(all: readonly Row[], now: number): Extent {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { start, end } of all) {
    if (start > 0) from = Math.min(from, start);
    to = Math.max(to, end);
  }
  if (from > to) return { from: now - 1000, to: now };
  return { from, to: Math.max(to, from + 1) };
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3,
  10_800e3, 21_600e3, 43_200e3, 86_400e3, 172_800e3, 604_800e3,
];

/** Returns where to write times on an axis, since `origin`, so that they stand at least `apart` pixels apart. */
export function ticks(seen: Extent, origin: number, pixels: number, apart = 84): number[] {
  const length = seen.to - seen.from;
  if (length <= 0 || pixels <= 0) return [];
  const least = (length * apart) / pixels;
  const step = STEPS.find((candidate) => candidate >= least) ?? Math.ceil(least / 604_800e3) * 604_800e3;
  const found: number[] = [];
  for (let at = Math.ceil((seen.from - origin) / step) * step; origin + at <= seen.to; at += step) found.push(at);
  return found;
}

/** Writes a moment of the axis as shortly as it can be written: `0`, `250 ms`, `1m 30s`, `2h`. */
export function axisText(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${Number(seconds.toFixed(2))} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [Math.floor(seconds) % 60, "s"],
  ];
  return parts.filter(([count]) => count > 0).slice(0, 2).map(([count, unit]) => `${count}${unit}`).join(" ");
}

/** Narrows or widens what is seen around a moment, never beyond the whole. */
export function zoomExtent(seen: Extent, whole: Extent, at: number, factor: number): Extent {
  const most = whole.to - whole.from;
  const length = Math.min(most, Math.max(Math.min(5, most), (seen.to - seen.from) * factor));
  const share = (at - seen.from) / Math.max(1e-9, seen.to - seen.from);
  return clampExtent({ from: at - share * length, to: at + (1 - share) * length }, whole);
}

export function panExtent(seen: Extent, whole: Extent, by: number): Extent {
  return clampExtent({ from: seen.from + by, to: seen.to + by }, whole);
}

function clampExtent(seen: Extent, whole: Extent): Extent {
  const length = Math.min(seen.to - seen.from, whole.to - whole.from);
  const from = Math.min(Math.max(seen.from, whole.from), whole.to - length);
  return { from, to: from + length };
}
