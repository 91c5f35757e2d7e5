// Runs as lines over axes that stand beside one another: one axis for each parameter and metric. Pure.

import type { CompareView } from "@/api/own-types";
import { metricText } from "@/viewers/metrics";
import { valueText } from "./rows";

export interface Axis {
  id: string;
  label: string;
  /** What the label leaves out: the task that measured it. */
  detail?: string;
  kind: "parameter" | "metric";
  /** Marks from the bottom (0) to the top (1). */
  ticks: { at: number; text: string }[];
  /** Where each run stands, in the order of the runs; none where it has no value. */
  places: (number | undefined)[];
  /** What each run has, as text. */
  texts: string[];
}

/** More different texts than this cannot be told apart on one axis. */
const MOST_WORDS = 12;
const MOST_LETTERS = 14;

/** Returns the axes on which at least two runs differ: parameters first, as what one chose; then what came of it. */
export function axesOf(view: CompareView): Axis[] {
  const parameters = view.parameters.map((row) => axis(`parameter ${row.name}`, row.name, undefined, "parameter", row.values.map(plain)));
  const metrics = view.metrics.map((row) => {
    const task = row.task.replace(/^root\//, "");
    return axis(`metric ${row.task} ${row.artifact} ${row.metric}`, row.metric, task, "metric", row.values);
  });
  return [...parameters, ...metrics].filter((one) => one !== undefined);
}

/** One axis alone says nothing that the summary does not. */
export const hasParallelPlot = (view: CompareView) => axesOf(view).length >= 2;

type Value = number | string | null;

/** Lists and structs are told apart by their text; a boolean is a word. */
function plain(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return value;
  return valueText(value as never);
}

function axis(id: string, label: string, detail: string | undefined, kind: Axis["kind"], values: readonly Value[]): Axis | undefined {
  const known = values.filter((value) => value !== null);
  const different = new Set(known);
  if (different.size < 2) return undefined;
  const texts = values.map((value) => (value === null ? "—" : typeof value === "number" ? metricText(value) : value));
  const base = { id, label, detail, kind, texts };
  if (known.every((value): value is number => typeof value === "number" && Number.isFinite(value))) {
    const least = Math.min(...known);
    const most = Math.max(...known);
    const places = values.map((value) => (value === null ? undefined : ((value as number) - least) / (most - least)));
    return { ...base, places, ticks: [{ at: 0, text: metricText(least) }, { at: 1, text: metricText(most) }] };
  }
  if (different.size > MOST_WORDS) return undefined;
  const words = [...different].map(String).sort();
  const at = (word: string) => words.indexOf(word) / (words.length - 1);
  return { ...base, places: values.map((value) => (value === null ? undefined : at(String(value)))), ticks: words.map((word) => ({ at: at(word), text: shortened(word) })) };
}

function shortened(word: string): string {
  return word.length <= MOST_LETTERS ? word : `${word.slice(0, MOST_LETTERS - 1)}…`;
}

/** Cuts a run's line where it has no value, so that nothing is drawn that nobody measured. */
export function stretches<T>(points: readonly (T | undefined)[]): T[][] {
  const found: T[][] = [[]];
  for (const point of points) {
    if (point === undefined) found.push([]);
    else found[found.length - 1]!.push(point);
  }
  return found.filter((stretch) => stretch.length > 0);
}
