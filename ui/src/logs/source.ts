// How a log comes over the wire: its size, stretches of it by byte ranges, its growth as a stream, and searching in it.

import { address, get, send } from "@/api/client";
import { taskPath } from "@/api/own";
import type { LogMatch, LogMatches } from "@/api/own-types";
import type { ReadRange } from "./pages";

export interface LogName {
  run: string;
  task: string;
  attempt: number;
}

/** Secrets are written over byte by byte, so that every byte is shown where it is in the file. */
const query = (name: LogName) => ({ attempt: name.attempt, in_place: true });
const path = (name: LogName) => `${taskPath(name.run, name.task)}/log`;

/** Opens a log: how many bytes it has by now, and how to read stretches of them. */
export async function openLog(name: LogName, signal?: AbortSignal): Promise<{ size: number; read: ReadRange }> {
  const answer = await send("HEAD", path(name), { query: query(name), signal });
  return { size: Number(answer.headers.get("Content-Length")), read: byRanges(name) };
}

function byRanges(name: LogName): ReadRange {
  const url = address(path(name), query(name));
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
  const answer = await send("GET", path(name), { query: { ...query(name), follow: true, offset: from }, signal });
  const reader = answer.body?.getReader();
  for (;;) {
    const chunk = await reader?.read();
    if (chunk === undefined || chunk.done) return;
    onBytes(chunk.value);
  }
}

export type Match = LogMatch;

export function searchLog(name: LogName, query: string, from: number, signal?: AbortSignal): Promise<LogMatches> {
  return get<LogMatches>(`${path(name)}/search`, { attempt: name.attempt, query, from, limit: 500 }, signal);
}

export function downloadPath(name: LogName): { path: string; query: Record<string, number> } {
  return { path: path(name), query: { attempt: name.attempt } };
}
