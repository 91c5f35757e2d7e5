import { useEffect, useRef, type PointerEvent } from "react";
import type { Picture } from "./paint";
import type { Palette } from "./palette";
import { lookTone } from "./stateColour";
import type { Viewport } from "./viewport";

const WIDTH = 176;
const HEIGHT = 112;

export interface MinimapProps {
  viewport: Viewport;
  picture: Picture;
  palette: Palette;
  /** Changes when states have changed. */
  version: number;
}

/** The whole drawing in small; what is seen is framed, and dragging moves it. */
export function Minimap({ viewport, picture, palette, version }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const { width, height, boxes } = picture.index.layout;
  const scale = Math.min(WIDTH / Math.max(1, width), HEIGHT / Math.max(1, height));
  const left = (WIDTH - width * scale) / 2;
  const top = (HEIGHT - height * scale) / 2;

  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (element === null || context === null || context === undefined) return;
    const ratio = window.devicePixelRatio;
    element.width = WIDTH * ratio;
    element.height = HEIGHT * ratio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, WIDTH, HEIGHT);
    for (const box of boxes) {
      const isOpen = picture.scene.nodes.get(box.id)?.isOpen === true;
      context.fillStyle = isOpen ? palette.group : lookTone(palette, picture.hasRun ? picture.stateOf(box.id) : undefined);
      context.fillRect(left + box.x * scale, top + box.y * scale, Math.max(1.5, box.width * scale), Math.max(1.5, box.height * scale));
      if (!isOpen) continue;
      context.strokeStyle = palette.line;
      context.strokeRect(left + box.x * scale, top + box.y * scale, box.width * scale, box.height * scale);
    }
  }, [boxes, picture, palette, scale, left, top, version]);

  useEffect(() => {
    const place = () => {
      const element = frame.current;
      if (element === null) return;
      const seen = viewport.seen();
      const x = Math.max(0, left + seen.x * scale);
      const y = Math.max(0, top + seen.y * scale);
      element.style.transform = `translate(${x}px, ${y}px)`;
      element.style.width = `${Math.max(4, Math.min(WIDTH, left + (seen.x + seen.width) * scale) - x)}px`;
      element.style.height = `${Math.max(4, Math.min(HEIGHT, top + (seen.y + seen.height) * scale) - y)}px`;
    };
    place();
    return viewport.subscribe(place);
  }, [viewport, scale, left, top]);

  const go = (event: PointerEvent<HTMLDivElement>) => {
    if (event.buttons === 0) return;
    const area = event.currentTarget.getBoundingClientRect();
    const x = (event.clientX - area.left - left) / scale;
    const y = (event.clientY - area.top - top) / scale;
    const { zoom } = viewport.view;
    viewport.set({ zoom, x: viewport.size.width / 2 - x * zoom, y: viewport.size.height / 2 - y * zoom });
  };
  return (
    <div
      aria-hidden
      data-minimap
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        go(event);
      }}
      onPointerMove={go}
      style={{ width: WIDTH, height: HEIGHT }}
      className="absolute right-3 bottom-3 cursor-pointer touch-none overflow-hidden rounded-lg bg-raised/95 shadow-pop max-md:hidden"
    >
      <canvas ref={canvas} style={{ width: WIDTH, height: HEIGHT }} />
      <div ref={frame} className="absolute top-0 left-0 rounded-sm bg-accent/10 ring-1 ring-accent" />
    </div>
  );
}
