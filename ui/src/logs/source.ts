// How a log comes over the wire: its size, stretches of it by byte ranges, its growth as a stream, and searching in it.

import { address, get, send } from "@/api/client";
import { taskPath } from "@/api/own";
import type { ReadRange } from "./pages";

export interface LogName {
  run: string;
  task: string;
  attempt: number;
}

const path = (name: LogName) => `${taskPath(name.run, name.task)}/log`;

/** Opens a log: how many bytes it has by now, and how to read stretches of them. */
export async function openLog(name: LogName, signal?: AbortSignal): Promise<{ size: number; read: ReadRange }> {
  const answer = await send("HEAD", path(name), { query: { attempt: name.attempt }, signal });
  const length = answer.headers.get("Content-Length");
  if (length !== null) return { size: Number(length), read: byRanges(name) };
  // Where secrets are hidden the server knows the places of lines, but not how long what is shown of them is.
  const page = await linesFrom(name, 0, 1, signal);
  if (page.complete) return { size: page.size, read: async (from, to, stop) => placed(await linesBetween(name, from, to, stop), from, to) };
  // What is appended is told by places in what is shown, so a log that grows is read from its beginning.
  const whole = await send("GET", path(name), { query: { attempt: name.attempt }, signal });
  const bytes = new Uint8Array(await whole.arrayBuffer());
  return { size: bytes.length, read: async (from, to) => bytes.slice(from, to) };
}

interface LinePage {
  size: number;
  /** The attempt has ended. */
  complete: boolean;
  lines: PlacedLine[];
}

/** A line as it is shown, and the byte of the file where it begins. */
export interface PlacedLine {
  offset: number;
  text: string;
}

const LINES_AT_ONCE = 2_000;

const linesFrom = (name: LogName, offset: number, count: number, signal?: AbortSignal) =>
  get<LinePage>(`${path(name)}/lines`, { attempt: name.attempt, offset, count }, signal);

/** Reads the lines that have a part between two bytes; the last one says where the one before ends. */
async function linesBetween(name: LogName, from: number, to: number, signal?: AbortSignal): Promise<PlacedLine[]> {
  const lines: PlacedLine[] = [];
  for (let at = from; ; ) {
    const page = await linesFrom(name, at, LINES_AT_ONCE, signal);
    const fresh = page.lines.filter((line) => lines.length === 0 || line.offset > lines[lines.length - 1]!.offset);
    lines.push(...fresh);
    const last = lines[lines.length - 1];
    if (last === undefined) return lines;
    const isEnd = fresh.length === 0 || page.lines.length < LINES_AT_ONCE;
    if (last.offset >= to || isEnd) return isEnd ? [...lines, { offset: page.size + 1, text: "" }] : lines;
    at = last.offset;
  }
}

/** Puts lines where they are in the file: what is shorter than what it hides ends with spaces, what is longer is cut. */
export function placed(lines: readonly PlacedLine[], from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from).fill(0x20);
  const encoder = new TextEncoder();
  for (let index = 0; index + 1 < lines.length; index++) {
    const { offset, text } = lines[index]!;
    const end = lines[index + 1]!.offset - 1;
    const shown = encoder.encode(text).subarray(0, Math.max(0, end - offset));
    for (let at = Math.max(offset, from); at < Math.min(offset + shown.length, to); at++) bytes[at - from] = shown[at - offset]!;
    if (end >= from && end < to) bytes[end - from] = 0x0a;
  }
  return bytes;
}

function byRanges(name: LogName): ReadRange {
  const url = address(path(name), { attempt: name.attempt });
  return async (from, to, signal) => {
    const answer = await fetch(url, { headers: { Range: `bytes=${from}-${to - 1}` }, credentials: "same-origin", signal });
    if (answer.status === 416) return new Uint8Array();
    if (!answer.ok) throw new Error(`The log could not be read: the server answered ${answer.status}.`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return answer.status === 206 ? bytes : bytes.subarray(from, to);
  };
}

/** Streams what is appended from a byte on, until the attempt has ended. */
export async function follow(name: LogName, from: number, onBytes: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void> {
  const answer = await send("GET", path(name), { query: { attempt: name.attempt, follow: true, offset: from }, signal });
  const reader = answer.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return;
    onBytes(chunk.value);
  }
}

export interface Match {
  line: number;
  offset: number;
  /** Columns of the text. */
  start: number;
  end: number;
  text: string;
}

export interface Matches {
  matches: Match[];
  /** Where to go on. */
  next?: number;
  total_lines: number;
}

export function searchLog(name: LogName, query: string, from: number, signal?: AbortSignal): Promise<Matches> {
  return get<Matches>(`${path(name)}/search`, { attempt: name.attempt, query, from, limit: 500 }, signal);
}

export function downloadPath(name: LogName): { path: string; query: Record<string, number> } {
  return { path: path(name), query: { attempt: name.attempt } };
}
