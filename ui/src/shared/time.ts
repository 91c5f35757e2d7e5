/** Times and durations as text. Pure; the ticking lives in `Time.tsx`. */

/** Returns the time, or nothing for absent ones: the API writes the epoch for "not yet". */
export function parseTime(text: string | undefined): number | undefined {
  if (!text) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}

/** Writes a duration in at most two units: `850 ms`, `4.2 s`, `3m 12s`, `2h 5m`, `4d 1h`. */
export function durationText(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 10) return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${whole % 60}s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${minutes % 60}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor((minutes % 1440) / 60)}h`;
}

/** Writes how long ago or ahead a time is: `just now`, `4 min ago`, `in 2 h`, `12 Mar`. */
export function relativeText(time: number, now: number): string {
  const distance = Math.abs(now - time);
  const ahead = time > now;
  const say = (amount: number, unit: string) => (ahead ? `in ${amount} ${unit}` : `${amount} ${unit} ago`);
  if (distance < 10_000) return ahead ? "in a moment" : "just now";
  if (distance < 60_000) return say(Math.floor(distance / 1000), "s");
  if (distance < 3_600_000) return say(Math.floor(distance / 60_000), "min");
  if (distance < 86_400_000) return say(Math.floor(distance / 3_600_000), "h");
  if (distance < 7 * 86_400_000) {
    const days = Math.floor(distance / 86_400_000);
    return say(days, days === 1 ? "day" : "days");
  }
  return dateText(time, now);
}

/** Writes a date, with its year when that is another one. */
export function dateText(time: number, now: number): string {
  const date = new Date(time);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return date.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...(sameYear ? {} : { year: "numeric" }) });
}

/** Writes date, time and zone in full. */
export function fullText(time: number): string {
  return new Date(time).toLocaleString("en-GB", {
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "short",
  });
}
