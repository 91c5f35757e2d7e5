// How a log comes over the wire: its size, stretches of it by byte ranges, its growth as a stream, and searching in it.

import { get, send } from "@/api/client";
import { taskPath } from "@/api/own";
import type { ReadRange } from "./pages";

export interface LogName {
  run: string;
  task: string;
  attempt: number;
}

const path = (name: LogName) => `${taskPath(name.run, name.task)}/log`;

/** Returns how many bytes the log has by now. */
export async function logSize(name: LogName, signal?: AbortSignal): Promise<number> {
  const answer = await send("HEAD", path(name), { query: { attempt: name.attempt }, signal });
  const length = answer.headers.get("Content-Length");
  if (length !== null) return Number(length);
  // A server that does not say is asked for everything; only old ones do not.
  const whole = await send("GET", path(name), { query: { attempt: name.attempt }, signal });
  return (await whole.arrayBuffer()).byteLength;
}

export function rangeReader(name: LogName, address: (path: string, query: Record<string, string | number>) => string): ReadRange {
  return async (from, to, signal) => {
    const answer = await fetch(address(path(name), { attempt: name.attempt }), {
      headers: { Range: `bytes=${from}-${to - 1}` },
      credentials: "same-origin",
      signal,
    });
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
