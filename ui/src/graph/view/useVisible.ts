import { useRef, useSyncExternalStore } from "react";
import type { Box } from "../layout/types";
import type { SpatialIndex } from "./spatial";
import { READABLE, type Rect, type Viewport } from "./viewport";

/** Nodes are built a little ahead of the window, in steps, so that panning seldom builds any. */
const STEP = 320;
const AHEAD = 240;

/** Everything is too small to be read: it is painted and not built. */
export const NONE: Box[] = [];

/** Returns the boxes that need elements now: those near the window, while they can be read. */
export function useVisible(index: SpatialIndex | undefined, viewport: Viewport): Box[] {
  const last = useRef<{ index?: SpatialIndex; name: string; boxes: Box[] }>({ name: "", boxes: NONE });
  return useSyncExternalStore(viewport.subscribe, () => {
    if (index === undefined || viewport.size.width === 0 || viewport.view.zoom < READABLE) return NONE;
    const part = stepped(viewport.seen());
    const name = `${part.x},${part.y},${part.width},${part.height}`;
    if (last.current.index !== index || last.current.name !== name) {
      last.current = { index, name, boxes: index.within(part) };
    }
    return last.current.boxes;
  });
}

function stepped(seen: Rect): Rect {
  const x = Math.floor((seen.x - AHEAD) / STEP) * STEP;
  const y = Math.floor((seen.y - AHEAD) / STEP) * STEP;
  const right = Math.ceil((seen.x + seen.width + AHEAD) / STEP) * STEP;
  const bottom = Math.ceil((seen.y + seen.height + AHEAD) / STEP) * STEP;
  return { x, y, width: right - x, height: bottom - y };
}
