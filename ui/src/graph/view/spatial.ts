// Finds the boxes in a part of the drawing without looking at all of them.

import type { Box, Layout, Route } from "../layout/types";
import { intersects, type Rect } from "./viewport";

const CELL = 512;

export class SpatialIndex {
  readonly byId: Map<string, Box>;
  private readonly cells = new Map<string, number[]>();
  readonly routeBounds: Rect[];

  constructor(readonly layout: Layout) {
    this.byId = new Map(layout.boxes.map((box) => [box.id, box]));
    layout.boxes.forEach((box, index) => {
      for (const cell of cellsOf(box)) {
        const known = this.cells.get(cell);
        if (known === undefined) this.cells.set(cell, [index]);
        else known.push(index);
      }
    });
    this.routeBounds = layout.routes.map(bounds);
  }

  /** Returns the boxes that a part shows, containers before what they hold. */
  within(part: Rect): Box[] {
    if (part.width * part.height > CELL * CELL * 900) return this.layout.boxes.filter((box) => intersects(box, part));
    const found = new Set<number>();
    for (const cell of cellsOf(part)) for (const index of this.cells.get(cell) ?? []) found.add(index);
    return Array.from(found)
      .sort((a, b) => a - b)
      .map((index) => this.layout.boxes[index])
      .filter((box) => intersects(box, part));
  }

  /** Returns the innermost box at a point. */
  at(x: number, y: number): Box | undefined {
    return this.within({ x, y, width: 0.01, height: 0.01 }).reduce<Box | undefined>(
      (best, box) => (best === undefined || box.depth >= best.depth ? box : best),
      undefined,
    );
  }
}

function cellsOf(area: Rect): string[] {
  const found: string[] = [];
  const right = Math.floor((area.x + area.width) / CELL);
  const bottom = Math.floor((area.y + area.height) / CELL);
  for (let column = Math.floor(area.x / CELL); column <= right; column++) {
    for (let row = Math.floor(area.y / CELL); row <= bottom; row++) found.push(`${column},${row}`);
  }
  return found;
}

function bounds(route: Route): Rect {
  const xs = route.points.map((point) => point.x);
  const ys = route.points.map((point) => point.y);
  const x = Math.min(...xs);
  const y = Math.min(...ys);
  return { x: x - 4, y: y - 4, width: Math.max(...xs) - x + 8, height: Math.max(...ys) - y + 8 };
}
