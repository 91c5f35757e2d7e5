import { useSyncExternalStore } from "react";
import { durationText, fullText, parseTime, relativeText } from "./time";

/** One clock for the whole page: every second, only while somebody looks. */
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function tick() {
  if (document.hidden) return;
  now = Date.now();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  if (listeners.size === 0) {
    now = Date.now();
    timer = setInterval(tick, 1000);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearInterval(timer);
  };
}

/** Returns the time, a new one each second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

const still = () => () => {};
/** As `useNow`, but stands still when nothing moves. */
export function useNowWhile(moves: boolean): number {
  return useSyncExternalStore(moves ? subscribe : still, () => now);
}

/** "4 min ago", with the full date and time on hover. */
export function RelativeTime({ time, empty = "—" }: { time: string | undefined; empty?: string }) {
  const at = parseTime(time);
  const current = useNow();
  if (at === undefined) return <span className="text-ink-3">{empty}</span>;
  return (
    <time dateTime={time} title={fullText(at)} className="tnum whitespace-nowrap">
      {relativeText(at, current)}
    </time>
  );
}

/** From a start to an end; ticks while there is no end. */
export function Duration({ from, to, isLive = true }: { from: string | undefined; to: string | undefined; isLive?: boolean }) {
  const start = parseTime(from);
  const end = parseTime(to);
  const current = useNowWhile(start !== undefined && end === undefined && isLive);
  if (start === undefined || (end === undefined && !isLive)) return <span className="text-ink-3">—</span>;
  const length = (end ?? Math.max(current, start)) - start;
  // The API of KFP tells whole seconds: what began and ended in the same one took less, not nothing.
  const text = length < 1000 && !/\.\d/.test(from ?? "") ? "< 1 s" : durationText(length);
  return <span className="tnum whitespace-nowrap">{text}</span>;
}
