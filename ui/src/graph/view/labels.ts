// Names of data on edges: what a task hands to another. Each is put where it covers no node and no other name.

import type { Edge } from "@/api/own-types";
import type { Direction, Point, Route } from "../layout/types";
import { edgeName, plainInput } from "../model/scene";
import type { Picture } from "./paint";
import type { Palette } from "./palette";
import { intersects, type Rect } from "./viewport";

/** Smaller drawings have no room for words on edges. */
export const LABELLED = 0.62;
const SIZE = 10.5;
const HEIGHT = 15;
const SIDE = 5;
/** More names than this are counted. */
const MOST_NAMES = 2;
const LONGEST = 26;
/** Where on a stretch of an edge a name may stand, the best first. */
const PLACES = [0.5, 0.36, 0.64, 0.22, 0.78];

/** Returns what to write on an edge; nothing where only the order counts. */
export function labelText(data: Edge["data"]): string | undefined {
  const names = [...new Set(data.map(nameOf))];
  if (names.length === 0) return undefined;
  const shown = names.slice(0, MOST_NAMES).map((name) => (name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 1)}…`));
  return names.length > MOST_NAMES ? `${shown.join(", ")} +${names.length - MOST_NAMES}` : shown.join(", ");
}

/** A lone output is called `Output` by the SDK; then the name that the reader has for it says more. */
function nameOf({ output, input, kind }: Edge["data"][number]): string {
  if (kind === "status") return "status";
  const name = plainInput(output);
  return name.toLowerCase() === "output" && input !== "" ? plainInput(input) : name;
}

/** Returns the point of an edge's curve between two of its points, from 0 to 1. */
export function onCurve(from: Point, to: Point, share: number, direction: Direction): Point {
  const rest = 1 - share;
  const eased = share * share * (3 - 2 * share);
  // The curve leaves and enters along the flow: its two inner points stand half way.
  const along = (start: number, end: number) => rest ** 3 * start + 3 * rest * share * ((start + end) / 2) + share ** 3 * end;
  const across = (start: number, end: number) => start + (end - start) * eased;
  return direction === "down" ? { x: across(from.x, to.x), y: along(from.y, to.y) } : { x: along(from.x, to.x), y: across(from.y, to.y) };
}

/** Finds room for a name of this width beside nothing that `isTaken`. */
export function roomFor(route: Route, width: number, direction: Direction, isTaken: (rect: Rect) => boolean): Rect | undefined {
  const { points } = route;
  for (const share of PLACES) {
    for (let index = points.length - 1; index > 0; index--) {
      const at = onCurve(points[index - 1], points[index], share, direction);
      const rect = { x: at.x - width / 2, y: at.y - HEIGHT / 2, width, height: HEIGHT };
      if (!isTaken(rect)) return rect;
    }
  }
  return undefined;
}

/** Writes names on edges, those that are lit up first. */
export function paintLabels(context: CanvasRenderingContext2D, picture: Picture, lit: readonly Route[], others: readonly Route[], palette: Palette): void {
  const placed: Rect[] = [];
  const isTaken = (rect: Rect) => {
    const padded = { x: rect.x - 2, y: rect.y - 2, width: rect.width + 4, height: rect.height + 4 };
    return placed.some((other) => intersects(other, padded)) || picture.index.within(padded).some((box) => picture.scene.nodes.get(box.id)?.isOpen === false);
  };
  context.font = `${SIZE}px ${palette.font}`;
  context.textBaseline = "middle";
  context.lineWidth = 1;
  for (const [routes, isLit] of [[lit, true], [others, false]] as const) {
    for (const route of routes) {
      const text = labelText(picture.scene.edges.get(edgeName(route.from, route.to))?.data ?? []);
      if (text === undefined) continue;
      const rect = roomFor(route, context.measureText(text).width + 2 * SIDE, picture.direction, isTaken);
      if (rect === undefined) continue;
      placed.push(rect);
      context.beginPath();
      context.roundRect(rect.x, rect.y, rect.width, rect.height, 4);
      context.fillStyle = palette.surface;
      context.fill();
      context.strokeStyle = isLit ? palette.accent : palette.line;
      context.stroke();
      context.fillStyle = isLit ? palette.ink : palette.ink2;
      context.fillText(text, rect.x + SIDE, rect.y + HEIGHT / 2 + 0.5);
    }
  }
  context.textBaseline = "alphabetic";
}
