import { useEffect, useRef, useState } from "react";
import { ApiError, messageOf } from "@/api/client";
import { useSeen } from "@/api/seen";
import { LogPages, PIECE } from "./pages";
import { follow, type LogName, openLog } from "./source";

export type LogState =
  | { kind: "opening" }
  /** Nothing was printed, or nothing was kept. */
  | { kind: "none" }
  | { kind: "failed"; message: string }
  | { kind: "open"; pages: LogPages; isLive: boolean };

const AGAIN_AFTER = 1_500;

/** Opens a log and, when its attempt has not ended, keeps it growing to its end. `version` rises with every piece that came. */
export function useLog(name: LogName, isRunning: boolean): { state: LogState; version: number; touch: () => void; reopen: () => void } {
  const [state, setState] = useState<LogState>({ kind: "opening" });
  const [version, setVersion] = useState(0);
  const [opened, setOpened] = useState(0);
  const touch = useRef(() => setVersion((number) => number + 1)).current;
  const { run, task, attempt } = name;
  const pages = useRef<LogPages>(undefined);
  // Once followed, to the end: that the attempt is over is often known before its last lines are here.
  const key = JSON.stringify([run, task, attempt]);
  const [followed, setFollowed] = useState<string>();
  if (isRunning && followed !== key) setFollowed(key);
  const isFollowed = followed === key;

  useEffect(() => {
    const stop = new AbortController();
    const log = { run, task, attempt };
    pages.current = undefined;
    setState({ kind: "opening" });
    void (async () => {
      try {
        const { size, read } = await openLog(log, stop.signal);
        const made = new LogPages(read, size);
        await made.load(Math.max(0, size - PIECE), size, stop.signal);
        if (stop.signal.aborted) return;
        pages.current = made;
        setState({ kind: "open", pages: made, isLive: false });
        touch();
      } catch (error) {
        if (stop.signal.aborted) return;
        setState(error instanceof ApiError && error.isMissing ? { kind: "none" } : { kind: "failed", message: messageOf(error) });
      }
    })();
    return () => stop.abort();
  }, [run, task, attempt, opened, touch]);

  const isOpen = state.kind === "open";
  const isSeen = useSeen();
  useEffect(() => {
    const made = pages.current;
    if (!isOpen || !isFollowed || !isSeen || made === undefined) return;
    const stop = new AbortController();
    const log = { run, task, attempt };
    const tell = gathered(touch);
    setState({ kind: "open", pages: made, isLive: true });
    void (async () => {
      while (!stop.signal.aborted) {
        try {
          await follow(log, made.size, (bytes) => {
            if (stop.signal.aborted) return;
            made.append(bytes);
            tell();
          }, stop.signal);
          break;
        } catch (error) {
          // Its run was deleted.
          if (error instanceof ApiError && error.isMissing) break;
          // The server went away or the network did: what is missing is asked for again from where it broke.
          await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
        }
      }
      if (!stop.signal.aborted) setState({ kind: "open", pages: made, isLive: false });
    })();
    return () => stop.abort();
  }, [isOpen, isFollowed, isSeen, run, task, attempt, touch]);

  // A task that has just begun has its log in a moment.
  useEffect(() => {
    if (state.kind !== "none" || !isRunning) return;
    const timer = setTimeout(() => setOpened((number) => number + 1), AGAIN_AFTER);
    return () => clearTimeout(timer);
  }, [state.kind, isRunning]);

  // It may have begun and ended since it was looked for.
  const isMissing = state.kind === "none";
  const isOpening = state.kind === "opening";
  const wasRunning = useRef(false);
  useEffect(() => {
    if (isRunning) wasRunning.current = true;
    if (isRunning || isOpening || !wasRunning.current) return;
    wasRunning.current = false;
    if (isMissing) setOpened((number) => number + 1);
  }, [isRunning, isOpening, isMissing]);

  return { state, version, touch, reopen: () => setOpened((number) => number + 1) };
}

/** Tells at most once a frame. */
function gathered(tell: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      tell();
    });
  };
}
