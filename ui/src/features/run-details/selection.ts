// Which task and which iterations are looked at; the task lives in the URL.

import { useCallback, useMemo, useState } from "react";
import { type Chosen, instanceKey, iterationsOf, nodeOf } from "@/graph/model/keys";
import { useUrlState } from "@/shared/url";

export interface Selection {
  /** The instance that is looked at. */
  task: string | undefined;
  /** Its node in the drawing. */
  node: string | undefined;
  chosen: Chosen;
  /** The iterations that are shown, as instances. */
  inside: readonly string[];
  selectTask: (key: string | undefined) => void;
  selectNode: (node: string | undefined) => void;
  choose: (loop: string, iteration: number) => void;
}

export function useSelection(): Selection {
  const [url, patch] = useUrlState();
  const task = url["task"];
  const [own, setOwn] = useState<Chosen>(new Map());
  const chosen = useMemo<Chosen>(() => {
    const linked = task === undefined ? new Map<string, number>() : iterationsOf(task);
    return linked.size === 0 ? own : new Map([...own, ...linked]);
  }, [own, task]);
  const inside = useMemo(
    () => Array.from(chosen, ([loop, iteration]) => `${instanceKey(loop, chosen)}[${iteration}]`).sort(),
    [chosen],
  );
  const selectTask = useCallback(
    (key: string | undefined) => {
      if (key !== undefined) setOwn((before) => new Map([...before, ...iterationsOf(key)]));
      patch({ task: key, ...(key === undefined ? { panel: undefined, attempt: undefined } : { attempt: undefined }) });
    },
    [patch],
  );
  const selectNode = useCallback(
    (node: string | undefined) => selectTask(node === undefined ? undefined : instanceKey(node, chosen)),
    [selectTask, chosen],
  );
  const choose = useCallback(
    (loop: string, iteration: number) => {
      const next = new Map([...chosen, [loop, iteration]]);
      setOwn(next);
      // What is looked at moves along to the other iteration.
      if (task !== undefined && nodeOf(task).startsWith(`${loop}/`)) patch({ task: instanceKey(nodeOf(task), next) });
    },
    [chosen, task, patch],
  );
  return { task, node: task === undefined ? undefined : nodeOf(task), chosen, inside, selectTask, selectNode, choose };
}
