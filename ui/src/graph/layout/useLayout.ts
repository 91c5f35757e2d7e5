import { useEffect, useMemo, useRef, useState } from "react";
import { layout } from "./layout";
import type { Direction, Layout, LayoutGraph } from "./types";

/** Below this a layout takes less than a frame, and less than asking somebody else for it. */
const AT_ONCE = 120;

export interface LaidOut {
  graph: LayoutGraph;
  direction: Direction;
  layout: Layout;
}

/** Returns the newest layout there is; while a larger one is being made that is the one before. */
export function useLayout(graph: LayoutGraph, direction: Direction): LaidOut | undefined {
  const [made, setMade] = useState<LaidOut>();
  const isSmall = useMemo(() => countNodes(graph) <= AT_ONCE, [graph]);
  const small = useMemo(
    () => (isSmall ? { graph, direction, layout: layout(graph, { direction }) } : undefined),
    [graph, direction, isSmall],
  );
  useEffect(() => {
    if (isSmall) return;
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<Layout>) => {
      setMade({ graph, direction, layout: event.data });
      worker.terminate();
    };
    // A worker that cannot start (an old browser, a strict policy) must not cost the drawing.
    worker.onerror = () => setMade({ graph, direction, layout: layout(graph, { direction }) });
    worker.postMessage({ graph, options: { direction } });
    return () => worker.terminate();
  }, [graph, direction, isSmall]);
  const last = useRef<LaidOut>(undefined);
  const now = small ?? made ?? last.current;
  useEffect(() => {
    last.current = now;
  });
  return now;
}

function countNodes(graph: LayoutGraph): number {
  return graph.nodes.reduce((sum, node) => sum + 1 + (node.inner === undefined ? 0 : countNodes(node.inner)), 0);
}
