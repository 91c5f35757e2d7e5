/** The state of the trigger editor and the trigger it means. Pure. */
import type { Trigger } from "@/api/types";
import { parseCron } from "@/shared/cron/parse";
import { parseTime } from "@/shared/time";

export const UNITS = { minutes: 60, hours: 3600, days: 86_400, weeks: 604_800 } as const;
export type Unit = keyof typeof UNITS;

export interface TriggerForm {
  kind: "periodic" | "cron";
  every: string;
  unit: Unit;
  cron: string;
  /** As `datetime-local` inputs write it: without a zone, in the browser's. Empty: no bound. */
  start: string;
  end: string;
  catchup: boolean;
  maxConcurrency: string;
}

export const freshTrigger: TriggerForm = {
  kind: "periodic",
  every: "1",
  unit: "hours",
  cron: "0 0 9 * * 1-5",
  start: "",
  end: "",
  catchup: true,
  maxConcurrency: "1",
};

/** Returns the form that shows an existing trigger. */
export function formOf(trigger: Trigger | undefined, catchup: boolean, maxConcurrency: string | undefined): TriggerForm {
  const schedule = trigger?.cron_schedule ?? trigger?.periodic_schedule;
  const form: TriggerForm = { ...freshTrigger, catchup, maxConcurrency: maxConcurrency ?? "1", start: localText(schedule?.start_time), end: localText(schedule?.end_time) };
  if (trigger?.cron_schedule) return { ...form, kind: "cron", cron: trigger.cron_schedule.cron ?? "" };
  const seconds = Number(trigger?.periodic_schedule?.interval_second ?? 3600);
  const unit = (Object.keys(UNITS) as Unit[]).findLast((name) => seconds % UNITS[name] === 0);
  // Seconds that are no whole minutes are a fraction of them.
  return { ...form, kind: "periodic", unit: unit ?? "minutes", every: String(seconds / UNITS[unit ?? "minutes"]) };
}

export function readTrigger(form: TriggerForm): { trigger: Trigger; problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  const bounds = { start_time: instantText(form.start), end_time: instantText(form.end) };
  if (bounds.start_time && bounds.end_time && bounds.end_time <= bounds.start_time) problems["end"] = "The end is before the start.";
  const most = Number(form.maxConcurrency);
  if (!Number.isInteger(most) || most < 1 || most > 10) problems["maxConcurrency"] = "A whole number from 1 to 10.";
  if (form.kind === "cron") {
    try {
      parseCron(form.cron);
    } catch (error) {
      problems["cron"] = error instanceof Error ? error.message : String(error);
    }
    return { trigger: { cron_schedule: { ...bounds, cron: form.cron.trim() } }, problems };
  }
  const seconds = Math.round(Number(form.every) * UNITS[form.unit]);
  if (!Number.isFinite(seconds) || seconds < 1) problems["every"] = "A number above zero.";
  return { trigger: { periodic_schedule: { ...bounds, interval_second: String(seconds) } }, problems };
}

/** Common schedules, one click away. */
export const presets: { label: string; cron: string }[] = [
  { label: "Every hour", cron: "0 0 * * * *" },
  { label: "Every day at 06:00", cron: "0 0 6 * * *" },
  { label: "Weekdays at 09:00", cron: "0 0 9 * * 1-5" },
  { label: "Mondays at 07:00", cron: "0 0 7 * * 1" },
  { label: "First of the month", cron: "0 0 0 1 * *" },
];

/** Returns the expression with only these weekdays; all or none means every day. */
export function withWeekdays(cron: string, weekdays: Set<number>): string {
  const [, zone = "", moments = ""] = /^((?:CRON_)?TZ=\S+\s+)?(.*)$/.exec(cron.trim()) ?? [];
  const words = moments.split(/\s+/);
  if (words.length < 5 || words.length > 6) return cron;
  const list = [...weekdays].sort((left, right) => left - right);
  words[5] = list.length === 0 || list.length === 7 ? "*" : list.join(",");
  return zone + words.join(" ");
}

export function weekdaysOf(cron: string): Set<number> {
  try {
    const read = parseCron(cron);
    return read.kind === "fields" ? read.fields.weekday : new Set();
  } catch {
    return new Set();
  }
}

function instantText(local: string): string | undefined {
  if (local === "") return undefined;
  return new Date(local).toISOString().replace(/\.\d+Z$/, "Z");
}

function localText(instant: string | undefined): string {
  const time = parseTime(instant);
  if (time === undefined) return "";
  return new Date(time - new Date(time).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
