/** Short messages after an action. A store outside React, so that anything may speak. */

export interface ToastMessage {
  id: number;
  kind: "done" | "error" | "busy";
  text: string;
  /** Takes the action back. */
  undo?: () => Promise<unknown> | void;
  details?: string;
}

const SHOWN_FOR = 6_000;
const AT_MOST = 4;

let messages: readonly ToastMessage[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
const timers = new Map<number, ReturnType<typeof setTimeout>>();

function change(next: readonly ToastMessage[]) {
  messages = next;
  for (const listener of listeners) listener();
}

export function toast(text: string, options: { undo?: ToastMessage["undo"]; kind?: ToastMessage["kind"]; details?: string } = {}): number {
  const message: ToastMessage = { id: nextId++, kind: options.kind ?? "done", text, undo: options.undo, details: options.details };
  change([...messages, message].slice(-AT_MOST));
  // Errors stay until they are closed, work until it is done.
  if (message.kind === "done") resume(message.id);
  return message.id;
}

/** Puts another text and kind in place of a message, such as the outcome in place of the progress. */
export function replaceToast(id: number, text: string, options: { undo?: ToastMessage["undo"]; kind?: ToastMessage["kind"] } = {}): void {
  const kind = options.kind ?? "done";
  if (!messages.some((message) => message.id === id)) {
    if (kind !== "busy") toast(text, options);
    return;
  }
  change(messages.map((message) => (message.id === id ? { ...message, text, kind, undo: options.undo } : message)));
  if (kind === "done") resume(id);
}

export function dismiss(id: number): void {
  hold(id);
  change(messages.filter((message) => message.id !== id));
}

/** Stops the clock of a message while it is read. */
export function hold(id: number): void {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

export function resume(id: number): void {
  hold(id);
  timers.set(
    id,
    setTimeout(() => dismiss(id), SHOWN_FOR),
  );
}

export const toasts = {
  subscribe: (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  current: () => messages,
};
