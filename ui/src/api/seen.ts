/**
 * Whether anybody sees the page. A browser has six connections for one server, however many of its pages are open, and
 * a stream takes one for as long as it lasts: pages that nobody sees give theirs back.
 */
import { useSyncExternalStore } from "react";

/** Who only looks at another page for a moment finds this one as it was. */
export const GRACE = 3_000;

let isSeen = true;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (isSeen === value) return;
  isSeen = value;
  for (const listener of listeners) listener();
}

function look(): void {
  clearTimeout(timer);
  if (document.visibilityState === "hidden") timer = setTimeout(() => set(false), GRACE);
  else set(true);
}

document.addEventListener("visibilitychange", look);
look();

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tells whether the page is seen, or was a moment ago. */
export function useSeen(): boolean {
  return useSyncExternalStore(listen, () => isSeen);
}
