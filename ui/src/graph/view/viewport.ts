// Which part of the drawing is seen, and how large. It lives outside React: panning renders nothing anew.

import type { Point } from "../layout/types";

export interface View {
  /** Where the drawing's origin stands in the window. */
  x: number;
  y: number;
  zoom: number;
}

export interface Rect {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const LEAST_ZOOM = 0.02;
export const MOST_ZOOM = 2.5;
/** Below this names are not readable, so nodes are painted and not built. */
export const READABLE = 0.42;
const MARGIN = 28;
const COMFORTABLE = 0.8;
/** What the tool bar covers at the top. */
const TOOLBAR = 28;

export class Viewport {
  view: View = { x: 0, y: 0, zoom: 1 };
  size = { width: 0, height: 0 };
  /** The reader has moved or zoomed, so nothing else may without being asked. */
  isTouched = false;
  private readonly listeners = new Set<() => void>();
  private flight: number | undefined;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  };

  set(view: View): void {
    this.land();
    this.put(view);
  }

  resize(width: number, height: number): void {
    this.size = { width, height };
    this.tell();
  }

  panBy(x: number, y: number): void {
    this.isTouched = true;
    this.set({ ...this.view, x: this.view.x + x, y: this.view.y + y });
  }

  /** Zooms so that the point of the drawing under `at` stays where it is. */
  zoomAt(at: Point, factor: number): void {
    this.isTouched = true;
    this.set(zoomed(this.view, at, factor));
  }

  zoomBy(factor: number): void {
    this.zoomAt({ x: this.size.width / 2, y: this.size.height / 2 }, factor);
  }

  /** The part of the drawing that is seen. */
  seen(): Rect {
    const { x, y, zoom } = this.view;
    return { x: -x / zoom, y: -y / zoom, width: this.size.width / zoom, height: this.size.height / zoom };
  }

  fit(area: Rect, mostZoom = 1): void {
    this.fly(fitting(area, this.size, mostZoom));
  }

  /** Moves as little as needed to show this part whole; zooms in when it could not be read. */
  reveal(area: Rect, least = 0): void {
    const zoom = Math.max(this.view.zoom, least);
    const view = zoom === this.view.zoom ? this.view : zoomed(this.view, this.middle(), zoom / this.view.zoom);
    const left = area.x * zoom + view.x;
    const top = area.y * zoom + view.y;
    const isFar = zoom !== this.view.zoom;
    const x = shift(left, area.width * zoom, this.size.width, isFar, MARGIN);
    const y = shift(top, area.height * zoom, this.size.height, isFar, MARGIN + TOOLBAR);
    if (x === 0 && y === 0 && !isFar) return;
    this.fly({ x: view.x + x, y: view.y + y, zoom });
  }

  private middle(): Point {
    return { x: this.size.width / 2, y: this.size.height / 2 };
  }

  /** Goes there in a moment, so that the eye keeps track; at once for those who want no motion. */
  private fly(target: View): void {
    this.land();
    const wantsNone = typeof matchMedia === "function" && matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (wantsNone || this.size.width === 0) {
      this.put(target);
      return;
    }
    const start = this.view;
    const begin = performance.now();
    const step = (now: number) => {
      const done = Math.min(1, (now - begin) / 180);
      const eased = 1 - (1 - done) ** 3;
      const mix = (from: number, to: number) => from + (to - from) * eased;
      this.put({ x: mix(start.x, target.x), y: mix(start.y, target.y), zoom: mix(start.zoom, target.zoom) });
      this.flight = done < 1 ? requestAnimationFrame(step) : undefined;
    };
    this.flight = requestAnimationFrame(step);
  }

  private land(): void {
    if (this.flight !== undefined) cancelAnimationFrame(this.flight);
    this.flight = undefined;
  }

  private put(view: View): void {
    this.view = view;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

export function zoomed(view: View, at: Point, factor: number): View {
  const zoom = Math.min(MOST_ZOOM, Math.max(LEAST_ZOOM, view.zoom * factor));
  const by = zoom / view.zoom;
  return { x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by, zoom };
}

/** A very long drawing is not made unreadably small: it begins at its top. */
export function fitting(area: Rect, size: { width: number; height: number }, mostZoom: number): View {
  const room = size.height - TOOLBAR;
  const wide = (size.width - 2 * MARGIN) / Math.max(1, area.width);
  const high = (room - 2 * MARGIN) / Math.max(1, area.height);
  const zoom = Math.min(mostZoom, MOST_ZOOM, Math.max(LEAST_ZOOM, Math.min(wide, high)));
  const y = TOOLBAR + Math.max(MARGIN, (room - area.height * zoom) / 2) - area.y * zoom;
  const x = area.width * zoom > size.width ? MARGIN - area.x * zoom : (size.width - area.width * zoom) / 2 - area.x * zoom;
  return { x, y, zoom };
}

/** At first everything, but a drawing that is only a little too tall is shown from its top, so that it can be read. */
export function firstView(area: Rect, size: { width: number; height: number }): View {
  const whole = fitting(area, size, 1);
  const fitsBeside = area.width * COMFORTABLE <= size.width - 2 * MARGIN;
  if (whole.zoom >= COMFORTABLE || whole.zoom < READABLE || !fitsBeside) return whole;
  return { zoom: COMFORTABLE, x: (size.width - area.width * COMFORTABLE) / 2 - area.x * COMFORTABLE, y: MARGIN + TOOLBAR - area.y * COMFORTABLE };
}

function shift(start: number, length: number, room: number, toMiddle: boolean, before: number): number {
  if (toMiddle || length > room - before - MARGIN) return (room - length) / 2 - start;
  if (start < before) return before - start;
  return start + length > room - MARGIN ? room - MARGIN - length - start : 0;
}

export function intersects(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
