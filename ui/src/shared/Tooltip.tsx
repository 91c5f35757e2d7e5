import type { ReactElement, ReactNode } from "react";
import { Tooltip as AriaTooltip, TooltipTrigger } from "react-aria-components";
import { Keys } from "./Keys";

export interface TooltipProps {
  text: ReactNode;
  shortcut?: string;
  /** A button or a link of react-aria; anything else goes into `<Hint>`. */
  children: ReactElement;
}

export function Tooltip({ text, shortcut, children }: TooltipProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      {children}
      <AriaTooltip
        offset={6}
        className="z-50 flex max-w-80 items-center gap-2 rounded-md bg-ink px-2 py-1 text-xs text-canvas shadow-pop animate-[appear_120ms]"
      >
        {text}
        {shortcut && <Keys keys={shortcut} inverse />}
      </AriaTooltip>
    </TooltipTrigger>
  );
}

/** A tooltip over a piece of text. */
export function Hint({ text, children, className }: { text: string; children: ReactNode; className?: string }) {
  return (
    <span title={text} className={className}>
      {children}
    </span>
  );
}
