import { useRef, useState, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { cx } from "./cx";
import { remembered, remember } from "./storage";

export interface SplitPaneProps {
  /** Under which the width is remembered. */
  name: string;
  children: ReactNode;
  /** The right pane; none gives all room to the left. On narrow screens it covers the left one. */
  side?: ReactNode;
  initial?: number;
  least?: number;
  most?: number;
}

const STEP = 24;

export function SplitPane({ name, children, side, initial = 480, least = 320, most = 1100 }: SplitPaneProps) {
  const clamp = (width: number) => Math.round(Math.min(most, Math.max(least, width)));
  const [width, setWidth] = useState(() => clamp(remembered<number>(`split.${name}`) ?? initial));
  const start = useRef<{ x: number; width: number }>(undefined);
  const keep = (next: number) => {
    setWidth(clamp(next));
    remember(`split.${name}`, clamp(next));
  };
  const onPointerDown = (event: PointerEvent<HTMLDivElement>) => {
    start.current = { x: event.clientX, width };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    if (start.current) setWidth(clamp(start.current.width + start.current.x - event.clientX));
  };
  const onPointerUp = () => {
    if (start.current) keep(width);
    start.current = undefined;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") keep(width + STEP);
    if (event.key === "ArrowRight") keep(width - STEP);
  };
  return (
    <div className="flex min-h-0 min-w-0 flex-1">
      <div className={cx("flex min-w-0 flex-1 flex-col", side !== undefined && side !== null && "max-md:hidden")}>{children}</div>
      {side && (
        <>
          <div
            role="separator"
            aria-orientation="vertical"
            aria-label="Width of the side panel"
            aria-valuenow={width}
            aria-valuemin={least}
            aria-valuemax={most}
            tabIndex={0}
            onPointerDown={onPointerDown}
            onPointerMove={onPointerMove}
            onPointerUp={onPointerUp}
            onKeyDown={onKeyDown}
            className="relative z-10 w-px shrink-0 cursor-col-resize touch-none bg-line transition-colors before:absolute before:inset-y-0 before:-inset-x-1 hover:bg-accent max-md:hidden"
          />
          <aside style={{ "--side": `${width}px` } as React.CSSProperties} className="flex w-(--side) min-w-0 shrink-0 flex-col max-md:w-full">
            {side}
          </aside>
        </>
      )}
    </div>
  );
}
