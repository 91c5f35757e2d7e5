// Scrolling through lines whose number nobody knows. The place is the byte where the first visible line begins, and how
// much of that line is above the window; the scroll bar stands for bytes.

import type { LogPages } from "./pages";

export interface Place {
  /** Where the first visible line begins. */
  offset: number;
  /** How many pixels of it are above the window. */
  hidden: number;
}

export const LINE_HEIGHT = 19;
/** Browsers make no taller element reliably. */
export const TALLEST = 8_000_000;

/** Returns how tall the scrolled element is: as if every line were as long as the usual one. */
export function scrollHeight(size: number, usualLine: number): number {
  return Math.min(TALLEST, Math.ceil(size / Math.max(1, usualLine)) * LINE_HEIGHT);
}

/** Moves by pixels, line by line as far as lines are loaded. */
export function move(pages: LogPages, place: Place, by: number): Place {
  let { offset } = place;
  let hidden = place.hidden + by;
  while (hidden < 0 && offset > 0) {
    const before = pages.previous(offset);
    if (before === undefined) return { offset, hidden: 0 };
    offset = before;
    hidden += LINE_HEIGHT;
  }
  while (hidden >= LINE_HEIGHT) {
    const line = pages.lineAt(offset);
    if (line === undefined || line.end >= pages.size) break;
    offset = line.end;
    hidden -= LINE_HEIGHT;
  }
  return { offset, hidden: Math.max(0, hidden) };
}

/** Returns the place that shows the end. */
export function atEnd(pages: LogPages, height: number): Place | undefined {
  let offset = pages.lineStart(pages.size);
  if (offset === undefined) return undefined;
  // A log that ends with a line break has no line after it.
  if (offset === pages.size && offset > 0) offset = pages.previous(offset);
  if (offset === undefined) return undefined;
  let room = height - LINE_HEIGHT;
  while (room > 0 && offset > 0) {
    const before = pages.previous(offset);
    if (before === undefined) return undefined;
    offset = before;
    room -= LINE_HEIGHT;
  }
  return { offset, hidden: offset === 0 && room > 0 ? 0 : -Math.min(0, room) };
}

/** Returns the lines from a place down the window. */
export function visible(pages: LogPages, place: Place, height: number) {
  const lines = [];
  let { offset } = place;
  for (let top = -place.hidden; top < height; top += LINE_HEIGHT) {
    const line = pages.lineAt(offset);
    if (line === undefined) break;
    lines.push({ line, top });
    offset = line.end;
  }
  return { lines, isComplete: offset >= pages.size || lines.length * LINE_HEIGHT - place.hidden >= height };
}
