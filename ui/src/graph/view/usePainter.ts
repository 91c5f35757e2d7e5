import { useEffect, useRef, type RefObject } from "react";
import { paint, type Picture } from "./paint";
import type { Palette } from "./palette";
import type { Viewport } from "./viewport";

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
  const ask = useRef<() => void>(() => {});
  useEffect(() => {
    let asked: number | undefined;
    const frame = () => {
      asked = undefined;
      const element = canvas.current;
      const context = element?.getContext("2d");
      const { picture, palette } = newest.current;
      if (element === null || context === null || context === undefined) return;
      const { x, y, zoom } = viewport.view;
      const ratio = window.devicePixelRatio || 1;
      const { width, height } = viewport.size;
      if (element.width !== Math.round(width * ratio) || element.height !== Math.round(height * ratio)) {
        element.width = Math.round(width * ratio);
        element.height = Math.round(height * ratio);
      }
      if (picture === undefined) context.clearRect(0, 0, element.width, element.height);
      else paint(context, picture, viewport.view, viewport.seen(), palette, ratio);
      const outer = layer.current;
      if (outer === null) return;
      outer.style.transform = `translate(${x}px, ${y}px)`;
      (outer.firstElementChild as HTMLElement | null)?.style.setProperty("transform", `scale(${zoom})`);
    };
    const request = () => {
      asked ??= requestAnimationFrame(frame);
    };
    ask.current = request;
    request();
    const stop = viewport.subscribe(request);
    return () => {
      stop();
      if (asked !== undefined) cancelAnimationFrame(asked);
    };
  }, [canvas, layer, viewport]);
  useEffect(() => {
    newest.current = { picture, palette };
    ask.current();
  }, [picture, palette, version]);
}
