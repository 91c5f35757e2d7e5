/** One action on many things: several at a time, with progress, a summary, and a way back where there is one. */
import { messageOf } from "@/api/client";
import { replaceToast, toast } from "./toast";

const AT_ONCE = 6;
/** Work that is quicker than this shows no progress. */
const QUICK = 300;

export interface BulkAction<T> {
  items: T[];
  act: (item: T) => Promise<unknown>;
  /** "Archiving", "Archived": what is under way and what was done. */
  doing: string;
  done: string;
  /** "run", "experiment". */
  noun: string;
  name: (item: T) => string;
  undo?: (item: T) => Promise<unknown>;
  /** After the action and after it was taken back. */
  after: () => unknown;
}

export interface BulkOutcome<T> {
  succeeded: T[];
  failed: { item: T; problem: string }[];
}

/** Calls `act` for each item and returns what came of it; one failure does not stop the others. */
export async function actOnAll<T>(items: T[], act: (item: T) => Promise<unknown>, onStep: (done: number) => void = () => {}): Promise<BulkOutcome<T>> {
  const outcome: BulkOutcome<T> = { succeeded: [], failed: [] };
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await act(item);
        outcome.succeeded.push(item);
      } catch (error) {
        outcome.failed.push({ item, problem: messageOf(error) });
      }
      onStep(outcome.succeeded.length + outcome.failed.length);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return outcome;
}

export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Does it and tells: progress, then the outcome with its way back. */
export async function runBulk<T>(action: BulkAction<T>): Promise<void> {
  const { items, act, doing, done, noun, name, undo, after } = action;
  let id: number | undefined;
  let steps = 0;
  const say = () => `${doing} ${counted(items.length, noun)}: ${steps} of ${items.length}`;
  const timer = setTimeout(() => (id = toast(say(), { kind: "busy" })), QUICK);
  const outcome = await actOnAll(items, act, (count) => {
    steps = count;
    if (id !== undefined) replaceToast(id, say(), { kind: "busy" });
  });
  clearTimeout(timer);
  after();
  const { succeeded, failed } = outcome;
  if (succeeded.length > 0) {
    const what = succeeded.length === 1 ? `“${name(succeeded[0]!)}”` : counted(succeeded.length, noun);
    const takeBack = undo && (() => actOnAll(succeeded, undo).then(after));
    if (id === undefined) toast(`${done} ${what}`, { undo: takeBack });
    else replaceToast(id, `${done} ${what}`, { undo: takeBack });
  }
  if (failed.length > 0) {
    const first = failed[0]!;
    const more = failed.length > 1 ? ` (and ${failed.length - 1} more)` : "";
    const text = `“${name(first.item)}”${more}: ${first.problem}`;
    if (succeeded.length === 0 && id !== undefined) replaceToast(id, text, { kind: "error" });
    else toast(text, { kind: "error" });
  }
}
