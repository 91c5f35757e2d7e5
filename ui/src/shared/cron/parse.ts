/**
 * Cron expressions of recurring runs, read as KFP's scheduler does: seconds first, five or six fields, a missing
 * sixth means every weekday. Pure.
 *
 * Source: the dialect of robfig/cron version 1.
 */

export interface Fields {
  second: Set<number>;
  minute: Set<number>;
  hour: Set<number>;
  day: Set<number>;
  month: Set<number>;
  weekday: Set<number>;
  /** `*` or `?`: when both days are restricted, either is enough. */
  anyDay: boolean;
  anyWeekday: boolean;
}

/** `zone` is the expression's own, instead of the server's. */
export type Cron = ({ kind: "fields"; fields: Fields; words: string[] } | { kind: "every"; seconds: number }) & { zone?: string };

interface Range {
  name: string;
  least: number;
  most: number;
  names?: string[];
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const RANGES: Range[] = [
  { name: "second", least: 0, most: 59 },
  { name: "minute", least: 0, most: 59 },
  { name: "hour", least: 0, most: 23 },
  { name: "day of month", least: 1, most: 31 },
  { name: "month", least: 1, most: 12, names: MONTHS },
  { name: "day of week", least: 0, most: 6, names: WEEKDAYS },
];
const SHORTHANDS: Record<string, string> = {
  "@yearly": "0 0 0 1 1 *",
  "@annually": "0 0 0 1 1 *",
  "@monthly": "0 0 0 1 * *",
  "@weekly": "0 0 0 * * 0",
  "@daily": "0 0 0 * * *",
  "@midnight": "0 0 0 * * *",
  "@hourly": "0 0 * * * *",
};

/** Reads an expression; throws an `Error` whose message says what is wrong with it. */
export function parseCron(text: string): Cron {
  const zoned = /^(?:CRON_)?TZ=(\S*)\s*(.*)$/.exec(text.trim());
  if (zoned) return { ...parseCron(zoned[2]!), zone: checkedZone(zoned[1]!) };
  const trimmed = text.trim();
  if (trimmed.startsWith("@every ")) return { kind: "every", seconds: parseGoDuration(trimmed.slice(7).trim()) };
  const expression = trimmed.startsWith("@") ? SHORTHANDS[trimmed] : trimmed;
  if (expression === undefined) throw new Error(`“${trimmed}” is no known shorthand; there are ${Object.keys(SHORTHANDS).join(", ")} and @every`);
  const words = expression.split(/\s+/).filter(Boolean);
  if (words.length !== 5 && words.length !== 6) throw new Error(`there are ${words.length} fields; write six: second minute hour day month weekday`);
  if (words.length === 5) words.push("*");
  const sets = words.map((word, index) => parseField(word, RANGES[index]!));
  const [second, minute, hour, day, month, weekday] = sets as [Set<number>, Set<number>, Set<number>, Set<number>, Set<number>, Set<number>];
  const isAny = (word: string) => /^[*?]/.test(word);
  return { kind: "fields", words, fields: { second, minute, hour, day, month, weekday, anyDay: isAny(words[3]!), anyWeekday: isAny(words[5]!) } };
}

function checkedZone(name: string): string {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }) && name;
  } catch {
    throw new Error(`“${name}” is no time zone, such as Europe/Berlin`);
  }
}

function parseField(word: string, range: Range): Set<number> {
  const set = new Set<number>();
  for (const part of word.split(",")) {
    const [span = "", stepText, more] = part.split("/");
    if (more !== undefined) throw new Error(`${range.name}: “${part}” has two steps`);
    const step = stepText === undefined ? 1 : Number(stepText);
    if (!Number.isInteger(step) || step < 1) throw new Error(`${range.name}: “${stepText}” is no step`);
    let [from, to] = span === "*" || span === "?" ? [range.least, range.most] : bounds(span, range);
    // `5/10` counts on to the end; `5` alone is one value.
    if (to === undefined) to = stepText === undefined ? from : range.most;
    if (from > to) throw new Error(`${range.name}: “${span}” begins after its end`);
    for (let value = from; value <= to; value += step) set.add(value);
  }
  return set;
}

function bounds(span: string, range: Range): [number, number | undefined] {
  const [first = "", last, more] = span.split("-");
  if (more !== undefined) throw new Error(`${range.name}: “${span}” is no range`);
  return [valueOf(first, range), last === undefined ? undefined : valueOf(last, range)];
}

function valueOf(word: string, range: Range): number {
  const named = range.names?.indexOf(word.toLowerCase()) ?? -1;
  const value = named >= 0 ? named + range.least : /^\d+$/.test(word) ? Number(word) : Number.NaN;
  if (Number.isNaN(value)) throw new Error(`${range.name}: “${word}” is no number${range.names ? " or name" : ""}`);
  if (value < range.least || value > range.most) throw new Error(`${range.name}: ${value} is not within ${range.least}–${range.most}`);
  return value;
}

function parseGoDuration(text: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) throw new Error(`“${text}” is no duration, such as 1h30m`);
  const seconds = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit!]!, 0);
  // Less than a second is rounded up, as the scheduler does.
  return Math.max(1, Math.floor(seconds));
}
