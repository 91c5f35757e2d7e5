// Iterations of a loop in little room: which of them share a cell, and what the cell shows.

import type { TaskProgress, TaskState } from "@/api/own-types";
import { urgency } from "../model/state";

export interface Cell {
  /** The iterations from here on, up to the next cell. */
  from: number;
  to: number;
  /** The state that a reader must hear of first. */
  state: TaskState | undefined;
  /** How many iterations are in which state, the worst first. */
  shares: [state: TaskState | undefined, count: number][];
}

/** Puts `count` iterations into at most `room` cells; a cell of many knows its worst, and how many are like that. */
export function cells(iterations: readonly TaskProgress[], count: number, room: number): Cell[] {
  const states: (TaskState | undefined)[] = Array.from({ length: count });
  for (const iteration of iterations) {
    if (iteration.iteration !== undefined && iteration.iteration < count) states[iteration.iteration] = iteration.state;
  }
  const number = Math.max(1, Math.min(count, room));
  return Array.from({ length: count === 0 ? 0 : number }, (_, index) => {
    const from = Math.floor((index * count) / number);
    const to = Math.floor(((index + 1) * count) / number);
    const counts = new Map<TaskState | undefined, number>();
    for (let at = from; at < to; at++) counts.set(states[at], (counts.get(states[at]) ?? 0) + 1);
    const shares = [...counts].sort(([one], [other]) => urgency(one) - urgency(other));
    return { from, to, state: shares[0]?.[0], shares };
  });
}

/** Where the shares of a cell are drawn, from the top; what is worst is never too thin to be seen. */
export function bars(shares: Cell["shares"], height: number): { state: TaskState | undefined; top: number; height: number }[] {
  const all = shares.reduce((sum, [, count]) => sum + count, 0);
  let top = 0;
  return shares.map(([state, count], index) => {
    const isLast = index === shares.length - 1;
    const room = height - top - LEAST * (shares.length - 1 - index);
    const bar = isLast ? height - top : Math.min(room, Math.max(LEAST, (count / all) * height));
    top += bar;
    return { state, top: top - bar, height: bar };
  });
}

const LEAST = 3;

/** The iteration to look at first: one that failed, else one that runs, else the first. */
export function mostTelling(iterations: readonly TaskProgress[]): number {
  const best = iterations.reduce<TaskProgress | undefined>(
    (found, iteration) => (found === undefined || telling(iteration.state) < telling(found.state) ? iteration : found),
    undefined,
  );
  return best?.iteration ?? 0;
}

function telling(state: TaskState | undefined): number {
  return state === "FAILED" ? 0 : state === "RUNNING" ? 1 : 2;
}

/** Returns the next failed iteration after one, going round at the end. */
export function nextFailed(iterations: readonly TaskProgress[], after: number): number | undefined {
  const failed = iterations
    .filter((iteration) => iteration.state === "FAILED")
    .map((iteration) => iteration.iteration ?? 0)
    .sort((a, b) => a - b);
  return failed.find((index) => index > after) ?? failed[0];
}

/** Writes what an iteration works on in a few words. */
export function itemText(item: unknown, most = 60): string {
  if (item === undefined) return "";
  const text =
    typeof item === "string"
      ? item
      : item !== null && typeof item === "object" && !Array.isArray(item)
        ? Object.entries(item).map(([key, value]) => `${key}=${plain(value)}`).join(" ")
        : JSON.stringify(item);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
