import { useCallback, useSyncExternalStore } from "react";
import type { TaskProgress } from "@/api/own-types";
import type { ProgressStore } from "../model/progress";

/** Returns the newest word on one task; only a change of that task renders anew. */
export function useProgress(store: ProgressStore | undefined, key: string): TaskProgress | undefined {
  const subscribe = useCallback(
    (listener: () => void) => (store === undefined ? () => {} : store.subscribe(key, listener)),
    [store, key],
  );
  return useSyncExternalStore(subscribe, () => store?.get(key));
}

const never = () => () => {};

/** Returns a number that grows with every change of any task. */
export function useProgressVersion(store: ProgressStore | undefined): number {
  return useSyncExternalStore(store?.subscribeAll ?? never, store?.version ?? (() => 0));
}
