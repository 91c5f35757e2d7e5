/** Schedules in plain language. Pure. */
import type { Trigger } from "@/api/types";
import { parseCron, type Fields } from "./parse";

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/** Reads a trigger aloud; an expression that is none is shown as it is. */
export function describeTrigger(trigger: Trigger | undefined): string {
  if (trigger?.cron_schedule) {
    const text = trigger.cron_schedule.cron ?? "";
    try {
      return describeCron(text);
    } catch {
      return text === "" ? "No schedule" : text;
    }
  }
  const seconds = Number(trigger?.periodic_schedule?.interval_second ?? 0);
  return seconds > 0 ? `Every ${interval(seconds)}` : "Once, at creation";
}

/** Reads a cron expression aloud; throws when it is none. */
export function describeCron(text: string): string {
  const cron = parseCron(text);
  if (cron.kind === "every") return `Every ${interval(cron.seconds)}`;
  const day = days(cron.fields);
  const time = times(cron.fields, cron.words);
  const zone = cron.zone === undefined ? "" : `, ${cron.zone} time`;
  return `${time}${day === "" ? "" : `, ${day}`}${zone}`;
}

export function interval(seconds: number): string {
  const units: [number, string][] = [
    [2_592_000, "month"],
    [604_800, "week"],
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
    [1, "second"],
  ];
  const parts: string[] = [];
  let rest = seconds;
  for (const [size, name] of units) {
    // Months and weeks only when they are all there is to say.
    if (size > 86_400 && (rest % size !== 0 || rest === 0)) continue;
    const amount = Math.floor(rest / size);
    if (amount > 0) parts.push(amount === 1 && parts.length === 0 && rest === size ? name : `${amount} ${name}${amount === 1 ? "" : "s"}`);
    rest -= amount * size;
    if (rest === 0) break;
  }
  return parts.join(" ");
}

function times(fields: Fields, words: string[]): string {
  const [second = "", minute = "", hour = ""] = words;
  const everyMinute = minute === "*";
  const everyHour = hour === "*";
  const zeroSecond = fields.second.size === 1 && fields.second.has(0);
  if (fields.hour.size * fields.minute.size <= 6 && !everyMinute && !everyHour && fields.second.size === 1) {
    const clock = list(product(fields));
    return `At ${clock}`;
  }
  const seconds = zeroSecond ? "" : second === "*" ? "every second" : part(second, fields.second, "second");
  let text: string;
  if (everyMinute) text = seconds || "every minute";
  else if (everyHour && fields.minute.size === 1) {
    const [at] = fields.minute;
    text = at === 0 ? "every hour" : `every hour at ${at} minute${at === 1 ? "" : "s"} past`;
    if (seconds) text += `, ${seconds}`;
  } else text = [part(minute, fields.minute, "minute"), seconds].filter(Boolean).join(", ");
  if (!everyHour) text += hourText(hour, fields.hour);
  return capital(text);
}

function hourText(word: string, set: Set<number>): string {
  const step = /^\*\/(\d+)$/.exec(word);
  if (step) return `, every ${step[1]} hours`;
  const range = /^(\d+)-(\d+)$/.exec(word);
  if (range) return `, between ${two(Number(range[1]))}:00 and ${two(Number(range[2]))}:59`;
  return `, in the hour${set.size === 1 ? "" : "s"} ${list([...set].map((hour) => `${two(hour)}:00`))}`;
}

function part(word: string, set: Set<number>, name: string): string {
  const step = /^[*0]\/(\d+)$/.exec(word);
  if (step) return `every ${step[1]} ${name}s`;
  const values = [...set].sort((left, right) => left - right);
  return `at ${name}${values.length === 1 ? "" : "s"} ${list(values.map(String))}`;
}

function product(fields: Fields): string[] {
  const clock: string[] = [];
  const [second = 0] = fields.second;
  for (const hour of [...fields.hour].sort((left, right) => left - right)) {
    for (const minute of [...fields.minute].sort((left, right) => left - right)) {
      clock.push(`${two(hour)}:${two(minute)}${second === 0 ? "" : `:${two(second)}`}`);
    }
  }
  return clock;
}

function days(fields: Fields): string {
  const parts: string[] = [];
  const weekdays = [...fields.weekday].sort((left, right) => left - right);
  const isAllDays = fields.day.size === 31;
  const isAllWeekdays = weekdays.length === 7;
  const day = isAllDays ? "" : `on day${fields.day.size === 1 ? "" : "s"} ${list([...fields.day].map(String))} of the month`;
  const weekday = isAllWeekdays ? "" : weekdayText(weekdays);
  if (day && weekday) parts.push(`${day} or ${weekday}`);
  else if (day || weekday) parts.push(day || weekday);
  if (fields.month.size < 12) parts.push(`in ${list([...fields.month].map((month) => MONTHS[month - 1]!))}`);
  if (parts.length === 0 && fields.hour.size < 24) return "every day";
  return parts.join(", ");
}

function weekdayText(weekdays: number[]): string {
  const text = weekdays.join("");
  if (text === "12345") return "on weekdays";
  if (text === "06") return "at weekends";
  return `on ${list(weekdays.map((day) => WEEKDAYS[day]!))}`;
}

function list(words: string[]): string {
  if (words.length > 8) return `${words.slice(0, 7).join(", ")} and ${words.length - 7} more`;
  return words.length <= 1 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

const two = (value: number) => String(value).padStart(2, "0");
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
