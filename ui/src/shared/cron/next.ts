/** When a schedule fires next, in the zone of the server. Pure. */
import type { Trigger } from "@/api/types";
import { parseTime } from "../time";
import { parseCron, type Cron, type Fields } from "./parse";

const DAY = 86_400_000;
/** An expression such as 30 February never fires; the search ends after as many days. */
const HORIZON_DAYS = 366 * 5;

/** Returns the first instants after `from` (milliseconds) at which a cron expression fires. */
export function nextFires(cron: Cron, from: number, count: number, everybodys = "UTC"): number[] {
  const zone = cron.zone ?? everybodys;
  if (cron.kind === "every") {
    const first = Math.floor(from / 1000) * 1000;
    return Array.from({ length: count }, (_, index) => first + (index + 1) * cron.seconds * 1000);
  }
  const fires: number[] = [];
  const { fields } = cron;
  const seconds = sorted(fields.second);
  const minutes = sorted(fields.minute);
  const hours = sorted(fields.hour);
  // Days are walked as dates without a zone; one before, since the zone may be ahead of UTC.
  const wall = from + offsetAt(from, zone);
  let day = Math.floor(wall / DAY) * DAY;
  for (let tried = 0; tried < HORIZON_DAYS && fires.length < count; tried++, day += DAY) {
    if (!hasDay(fields, new Date(day))) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        for (const second of seconds) {
          const at = instantOf(day + ((hour * 60 + minute) * 60 + second) * 1000, zone);
          if (at > from && at !== fires.at(-1)) fires.push(at);
          if (fires.length === count) return fires;
        }
      }
    }
  }
  return fires;
}

/** Returns when a trigger fires next; throws for a cron expression that is none. */
export function nextOfTrigger(trigger: Trigger, now: number, count: number, zone = "UTC", since?: number): number[] {
  const schedule = trigger.cron_schedule ?? trigger.periodic_schedule;
  const start = parseTime(schedule?.start_time);
  const end = parseTime(schedule?.end_time) ?? Number.POSITIVE_INFINITY;
  let fires: number[] = [];
  if (trigger.cron_schedule) {
    fires = nextFires(parseCron(trigger.cron_schedule.cron ?? ""), Math.max(now, start ?? now), count, zone);
  } else if (trigger.periodic_schedule) {
    const step = Number(trigger.periodic_schedule.interval_second ?? 0) * 1000;
    if (step <= 0) return [];
    // The first is at the start if that is still to come, else one interval after creation.
    const origin = start ?? (since ?? now) + step;
    const missed = Math.max(0, Math.ceil((now - origin) / step));
    fires = Array.from({ length: count }, (_, index) => origin + (missed + index) * step);
  }
  return fires.filter((at) => at <= end);
}

function hasDay(fields: Fields, date: Date): boolean {
  if (!fields.month.has(date.getUTCMonth() + 1)) return false;
  const day = fields.day.has(date.getUTCDate());
  const weekday = fields.weekday.has(date.getUTCDay());
  return fields.anyDay || fields.anyWeekday ? day && weekday : day || weekday;
}

const sorted = (set: Set<number>) => [...set].sort((left, right) => left - right);

const formats = new Map<string, Intl.DateTimeFormat>();

/** Returns how far the zone's clock is ahead of UTC at an instant. */
function offsetAt(instant: number, zone: string): number {
  if (zone === "UTC") return 0;
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
    formats.set(zone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const wall = Date.UTC(parts["year"]!, parts["month"]! - 1, parts["day"], parts["hour"], parts["minute"], parts["second"]);
  return wall - Math.floor(instant / 1000) * 1000;
}

/** Returns the instant at which the zone's clock shows this. */
function instantOf(wall: number, zone: string): number {
  const guess = wall - offsetAt(wall, zone);
  return wall - offsetAt(guess, zone);
}
