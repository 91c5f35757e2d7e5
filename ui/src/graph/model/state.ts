// What a state looks like in a drawing; words, colours and shapes are those of the whole interface.

import type { TaskState } from "@/api/own-types";
import { lookOf, type Shape, type Tone } from "@/shared/status";

/** A state of a task, or that it has not begun. */
export type Look = TaskState | "IDLE";

/** Outlines on 16 by 16 for canvases: `body` is filled in the state's colour, `mark` drawn over it. */
const GLYPHS: Record<Shape, { body?: string; ring?: string; mark?: string }> = {
  check: { body: "M15 8A7 7 0 1 1 1 8a7 7 0 0 1 14 0Z", mark: "m5 8.2 2.1 2.1L11 6.2" },
  cross: { body: "M5 1.5h6A3.5 3.5 0 0 1 14.5 5v6a3.5 3.5 0 0 1-3.5 3.5H5A3.5 3.5 0 0 1 1.5 11V5A3.5 3.5 0 0 1 5 1.5Z", mark: "m5.7 5.7 4.6 4.6m0-4.6-4.6 4.6" },
  arc: { ring: "M8 2.2A5.8 5.8 0 1 1 2.2 8" },
  clock: { ring: "M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0ZM8 7v2" },
  stop: { body: "M15 8A7 7 0 1 1 1 8a7 7 0 0 1 14 0Z", mark: "M5.4 8h5.2" },
  skip: { ring: "M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0Zm-7.8-2.4L8.6 8 6 10.4M10.4 5.8v4.4" },
  slash: { ring: "M13.8 8A5.8 5.8 0 1 1 2.2 8a5.8 5.8 0 0 1 11.6 0ZM4 12 12 4" },
  bolt: { body: "M15 8A7 7 0 1 1 1 8a7 7 0 0 1 14 0Z", mark: "M8.8 3.8 5.4 8.7h2.4l-.6 3.5 3.4-4.9H8.2Z" },
  pause: { body: "M15 8A7 7 0 1 1 1 8a7 7 0 0 1 14 0Z", mark: "M6.4 5.6v4.8M9.6 5.6v4.8" },
  dot: { body: "M12 8A4 4 0 1 1 4 8a4 4 0 0 1 8 0Z" },
};

export const toneOf = (state: Look): Tone => (state === "IDLE" ? "neutral" : lookOf(state).tone);

export const wordOf = (state: Look): string => (state === "IDLE" ? "Not started" : lookOf(state).word);

export const glyphOf = (state: Look) => GLYPHS[state === "IDLE" ? "dot" : lookOf(state).shape];

/** Nothing was done: drawn with a broken line. */
export const isUndone = (state: Look): boolean => state === "IDLE" || state === "SKIPPED" || state === "OMITTED";

/** Nothing will be done: drawn faint. */
export const isFaint = (state: Look): boolean => state === "SKIPPED" || state === "OMITTED";

/** In the order in which readers want to hear of them. */
export const BY_URGENCY: Look[] = ["FAILED", "CANCELED", "RUNNING", "PENDING", "SUCCEEDED", "CACHED", "SKIPPED", "OMITTED", "IDLE"];

const PLACE = new Map(BY_URGENCY.map((state, index) => [state, index]));

/** Sorts failures first. */
export function urgency(state: TaskState | undefined): number {
  return PLACE.get(state ?? "IDLE") ?? BY_URGENCY.length;
}

export function isOver(state: TaskState | undefined): boolean {
  return state !== undefined && state !== "PENDING" && state !== "RUNNING";
}
