// What the comparison shows of values that are beside one another. Pure.

import type { CompareView } from "@/api/own-types";
import type { Json } from "@/api/types";

export function valueText(value: Json | undefined): string {
  if (value === null || value === undefined) return "—";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Marks the values that are not the most frequent one: what a reader looks for. */
export function oddOnes(values: readonly (Json | undefined)[]): boolean[] {
  const texts = values.map((value) => JSON.stringify(value ?? null));
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size < 2) return texts.map(() => false);
  const most = Math.max(...counts.values());
  const usual = Array.from(counts).filter(([, count]) => count === most);
  // Where nothing is usual everything differs.
  if (usual.length > 1) return texts.map(() => true);
  return texts.map((text) => text !== usual[0][0]);
}

export interface Span {
  least: number;
  most: number;
}

/** The range of numbers in a row; none when they are equal or too few. */
export function spanOf(values: readonly (number | string | null)[]): Span | undefined {
  const numbers = values.filter((value): value is number => typeof value === "number" && Number.isFinite(value));
  if (numbers.length < 2) return undefined;
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  return least === most ? undefined : { least, most };
}

/** Says how a number stands to the first run's, in percent. */
export function changeText(value: number | string | null, base: number | string | null): string | undefined {
  if (typeof value !== "number" || typeof base !== "number" || base === 0 || value === base) return undefined;
  const change = ((value - base) / Math.abs(base)) * 100;
  const digits = Math.abs(change) < 10 ? 1 : 0;
  return `${change > 0 ? "+" : "−"}${Math.abs(change).toFixed(digits)} %`;
}

/** The nodes of the drawing on which runs differ: a task in a loop counts for its node. */
export function differingNodes(tasks: CompareView["tasks"]): Set<string> {
  return new Set(tasks.filter((task) => task.differs).map((task) => task.key.replace(/\[\d+\](?=\/|$)/g, "")));
}

export const MOST_CURVES = 10;
const FIRST_CURVES = 3;

/** The curves shown at first. */
export function firstCurves(count: number): number[] {
  return Array.from({ length: Math.min(FIRST_CURVES, count) }, (_, index) => index);
}
