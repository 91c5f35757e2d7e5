// Where the arrow keys lead: along edges with the flow and against it, sideways to the nearest neighbour.

import type { Box, Direction, Layout } from "../layout/types";

export type Arrow = "ArrowUp" | "ArrowDown" | "ArrowLeft" | "ArrowRight";

/** Returns the node that a key leads to from a node, if any. */
export function neighbour(layout: Layout, direction: Direction, from: string, arrow: Arrow): string | undefined {
  const boxes = new Map(layout.boxes.map((box) => [box.id, box]));
  const start = boxes.get(from);
  if (start === undefined) return undefined;
  const [forward, backward] = direction === "down" ? (["ArrowDown", "ArrowUp"] as const) : (["ArrowRight", "ArrowLeft"] as const);
  if (arrow === forward || arrow === backward) {
    const isForward = arrow === forward;
    const joined = alongEdges(layout, start, isForward)
      .map((id) => boxes.get(id))
      .filter((box) => box !== undefined);
    if (joined.length > 0) return nearest(start, joined)?.id;
    return isForward ? intoGroup(layout, start) : start.parent;
  }
  return sideways(layout, direction, start, arrow === "ArrowRight" || arrow === "ArrowDown");
}

function alongEdges(layout: Layout, start: Box, isForward: boolean): string[] {
  const own = new Set([start.id, ...layout.blocks.filter((block) => block.members.includes(start.id)).map((block) => block.id)]);
  const ends = layout.routes
    .filter((route) => own.has(isForward ? route.from : route.to))
    .map((route) => (isForward ? route.to : route.from));
  return ends.flatMap((end) => layout.blocks.find((block) => block.id === end)?.members ?? [end]);
}

/** From an open group without successors, on into it. */
function intoGroup(layout: Layout, start: Box): string | undefined {
  return layout.boxes.find((box) => box.parent === start.id)?.id;
}

function sideways(layout: Layout, direction: Direction, start: Box, isAfter: boolean): string | undefined {
  const across = (box: Box) => (direction === "down" ? box.x + box.width / 2 : box.y + box.height / 2);
  const along = (box: Box) => (direction === "down" ? box.y + box.height / 2 : box.x + box.width / 2);
  const candidates = layout.boxes.filter((box) => {
    if (box.parent !== start.parent || box.id === start.id) return false;
    const distance = across(box) - across(start);
    return isAfter ? distance > 1 : distance < -1;
  });
  const cost = (box: Box) => Math.abs(across(box) - across(start)) + 4 * Math.abs(along(box) - along(start));
  return candidates.reduce<Box | undefined>((best, box) => (best === undefined || cost(box) < cost(best) ? box : best), undefined)?.id;
}

function nearest(start: Box, boxes: Box[]): Box | undefined {
  const middle = start.x + start.width / 2;
  const distance = (box: Box) => Math.hypot(box.x + box.width / 2 - middle, box.y - start.y);
  return boxes.reduce<Box | undefined>((best, box) => (best === undefined || distance(box) < distance(best) ? box : best), undefined);
}
