/** Server-sent events with a state that can be shown, and reconnection that survives a restart of the server. */
import { useEffect, useEffectEvent, useState, useSyncExternalStore } from "react";
import { address, type Query } from "./client";
import { useSeen } from "./seen";

/** `resting`: what happens meanwhile is not told. */
export type Connection = "connecting" | "live" | "lost" | "resting" | "ended";

export interface Stream {
  /** Names of the events that are listened to, and what each brings (parsed JSON). */
  on: (name: string, data: unknown) => void;
  names: readonly string[];
  /** The event that says that nothing more will come. */
  last?: string;
  /** It rests while the page has another stream: connections are few, see `useSeen`. */
  yields?: boolean;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 3_000;

/** How many streams are open that do not yield. */
let preferred = 0;
const listeners = new Set<() => void>();

function prefer(change: number): void {
  preferred += change;
  for (const listener of listeners) listener();
}

function onPreferred(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Listens to an address as long as the component lives and is seen; `undefined` listens to nothing. */
export function useEventStream(path: string | undefined, stream: Stream, query?: Query): Connection {
  const [connection, setConnection] = useState<Connection>("connecting");
  const on = useEffectEvent(stream.on);
  const url = path === undefined ? undefined : address(path, query);
  const names = stream.names.join(" ");
  const { last, yields = false } = stream;
  const isSeen = useSeen();
  const hasPreferred = useSyncExternalStore(onPreferred, () => preferred > 0);
  const rests = !isSeen || (yields && hasPreferred);
  useEffect(() => {
    if (url === undefined) return;
    if (rests) return setConnection("resting");
    setConnection("connecting");
    let isPreferred = !yields;
    if (isPreferred) prefer(1);
    const leave = () => {
      if (isPreferred) prefer(-1);
      isPreferred = false;
    };
    const close = listen(url, names.split(" "), last, (name, data) => on(name, data), (now) => {
      setConnection(now);
      if (now === "ended") leave();
    });
    return () => {
      close();
      leave();
    };
  }, [url, names, last, yields, rests]);
  return connection;
}

/** Opens a stream and returns what closes it. A lost one is opened again, after longer and longer pauses. */
export function listen(
  url: string,
  names: string[],
  last: string | undefined,
  on: (name: string, data: unknown) => void,
  onConnection: (connection: Connection) => void,
): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = FIRST_PAUSE;
  let closed = false;

  const close = () => {
    closed = true;
    clearTimeout(timer);
    source?.close();
  };
  const open = () => {
    source = new EventSource(url);
    source.onopen = () => {
      pause = FIRST_PAUSE;
      onConnection("live");
    };
    source.onerror = () => {
      // The browser's own reconnection gives up at the first refused connection, so it is not relied on.
      source?.close();
      if (closed) return;
      onConnection("lost");
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    };
    for (const name of names) {
      source.addEventListener(name, (event) => on(name, parse((event as MessageEvent<string>).data)));
    }
    if (last !== undefined) {
      source.addEventListener(last, () => {
        close();
        onConnection("ended");
      });
    }
  };
  open();
  return close;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
