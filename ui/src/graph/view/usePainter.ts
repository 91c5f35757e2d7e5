import { useEffect, useRef, type RefObject } from "react";
import { paint, type Picture } from "./paint";
import type { Palette } from "./palette";
import type { View, Viewport } from "./viewport";

/** So much is painted beyond the window that panning seldom paints anew: it only shifts what is there. */
const AHEAD = 320;

/** Paints the canvas and moves the layer of elements, once a frame at most, whenever something changed. */
export function usePainter(
  canvas: RefObject<HTMLCanvasElement | null>,
  layer: RefObject<HTMLDivElement | null>,
  viewport: Viewport,
  picture: Picture | undefined,
  palette: Palette,
  version: number,
): void {
  const newest = useRef({ picture, palette });
  const ask = useRef<(anew: boolean) => void>(() => {});
  useEffect(() => {
    let asked: number | undefined;
    let isStale = true;
    /** Where the window stood when the canvas was painted, and how large it was. */
    let painted: (View & { width: number; height: number }) | undefined;
    const frame = () => {
      asked = undefined;
      const element = canvas.current;
      if (element === null) return;
      const { view, size } = viewport;
      if (isStale || painted === undefined || !isNear(painted, view, size)) {
        draw(element, newest.current.picture, newest.current.palette, view, size);
        painted = { ...view, ...size };
        isStale = false;
      }
      element.style.transform = `translate(${view.x - painted.x - AHEAD}px, ${view.y - painted.y - AHEAD}px)`;
      const outer = layer.current;
      if (outer === null) return;
      outer.style.transform = `translate(${view.x}px, ${view.y}px)`;
      (outer.firstElementChild as HTMLElement | null)?.style.setProperty("transform", `scale(${view.zoom})`);
    };
    const request = (anew: boolean) => {
      isStale ||= anew;
      asked ??= requestAnimationFrame(frame);
    };
    ask.current = request;
    request(true);
    const stop = viewport.subscribe(() => request(false));
    return () => {
      stop();
      if (asked !== undefined) cancelAnimationFrame(asked);
    };
  }, [canvas, layer, viewport]);
  useEffect(() => {
    newest.current = { picture, palette };
    ask.current(true);
  }, [picture, palette, version]);
}

function isNear(painted: View & { width: number; height: number }, view: View, size: { width: number; height: number }): boolean {
  return (
    painted.zoom === view.zoom &&
    painted.width === size.width &&
    painted.height === size.height &&
    Math.abs(view.x - painted.x) <= AHEAD &&
    Math.abs(view.y - painted.y) <= AHEAD
  );
}

function draw(element: HTMLCanvasElement, picture: Picture | undefined, palette: Palette, view: View, size: { width: number; height: number }): void {
  const context = element.getContext("2d");
  if (context === null) return;
  const ratio = window.devicePixelRatio || 1;
  const width = size.width + 2 * AHEAD;
  const height = size.height + 2 * AHEAD;
  if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
    element.width = Math.round(width * ratio);
    element.height = Math.round(height * ratio);
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
  }
  if (picture === undefined) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, element.width, element.height);
    return;
  }
  const shifted = { x: view.x + AHEAD, y: view.y + AHEAD, zoom: view.zoom };
  const part = { x: -shifted.x / view.zoom, y: -shifted.y / view.zoom, width: width / view.zoom, height: height / view.zoom };
  paint(context, picture, shifted, part, palette, ratio);
  if (!hasMarked) performance.mark("graph painted");
  hasMarked = true;
}

/** The first painting of the page is marked, for those who measure it. */
let hasMarked = false;
