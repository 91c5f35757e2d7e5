// Wheel, drag and pinch on the drawing. One finger or the mouse pans, two fingers or Ctrl and the wheel zoom.

import type { Viewport } from "./viewport";

/** So far a press may move and still be a click. */
const SLACK = 4;

/** Listens on an element and returns what stops it. */
export function gestures(element: HTMLElement, viewport: Viewport, onTap: () => void): () => void {
  const fingers = new Map<number, { x: number; y: number }>();
  let moved = 0;
  let isOnNode = false;

  const onWheel = (event: WheelEvent) => {
    event.preventDefault();
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 18 : 1;
    if (event.ctrlKey || event.metaKey) {
      const area = element.getBoundingClientRect();
      const factor = Math.exp((-event.deltaY * unit) / (event.deltaMode === 0 && Math.abs(event.deltaY) < 40 ? 90 : 300));
      viewport.zoomAt({ x: event.clientX - area.left, y: event.clientY - area.top }, factor);
    } else if (event.shiftKey && event.deltaX === 0) {
      viewport.panBy(-event.deltaY * unit, 0);
    } else {
      viewport.panBy(-event.deltaX * unit, -event.deltaY * unit);
    }
  };
  const onDown = (event: PointerEvent) => {
    if (event.button > 1) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (fingers.size > 1) return;
    moved = 0;
    isOnNode = (event.target as Element).closest("[data-node], button, input, a") !== null;
  };
  const onMove = (event: PointerEvent) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const x = event.clientX - before.x;
    const y = event.clientY - before.y;
    moved += Math.abs(x) + Math.abs(y);
    if (moved < SLACK) return;
    if (!element.hasPointerCapture(event.pointerId)) element.setPointerCapture(event.pointerId);
    element.style.cursor = "grabbing";
    const others = Array.from(fingers).filter(([id]) => id !== event.pointerId);
    if (others.length === 0) viewport.panBy(x, y);
    else {
      const area = element.getBoundingClientRect();
      const [, other] = others[0];
      const far = Math.hypot(before.x - other.x, before.y - other.y);
      const near = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      viewport.zoomAt({ x: (event.clientX + other.x) / 2 - area.left, y: (event.clientY + other.y) / 2 - area.top }, near / Math.max(1, far));
      viewport.panBy(x / 2, y / 2);
    }
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };
  const onUp = (event: PointerEvent) => {
    if (!fingers.delete(event.pointerId)) return;
    element.style.cursor = "";
    if (moved < SLACK && !isOnNode && event.type === "pointerup") onTap();
  };
  // The click that ends a drag over a node must not open it.
  const onClick = (event: MouseEvent) => {
    if (moved < SLACK) return;
    event.stopPropagation();
    event.preventDefault();
    moved = 0;
  };
  element.addEventListener("wheel", onWheel, { passive: false });
  element.addEventListener("pointerdown", onDown);
  element.addEventListener("pointermove", onMove);
  element.addEventListener("pointerup", onUp);
  element.addEventListener("pointercancel", onUp);
  element.addEventListener("click", onClick, { capture: true });
  return () => {
    element.removeEventListener("wheel", onWheel);
    element.removeEventListener("pointerdown", onDown);
    element.removeEventListener("pointermove", onMove);
    element.removeEventListener("pointerup", onUp);
    element.removeEventListener("pointercancel", onUp);
    element.removeEventListener("click", onClick, { capture: true });
  };
}
