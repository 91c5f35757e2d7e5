import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "../Button";

/** Floats above the list while rows are selected, so that nothing moves. */
export function BulkBar({ count, onClear, children }: { count: number; onClear: () => void; children: ReactNode }) {
  return (
    <div className="pointer-events-none fixed inset-x-0 bottom-14 z-20 flex justify-center px-4">
      <div
        role="toolbar"
        aria-label="Actions on the selection"
        className="pointer-events-auto flex max-w-full flex-wrap items-center gap-1 rounded-lg bg-raised p-1.5 shadow-pop animate-[rise_140ms_ease-out]"
      >
        <span className="tnum px-2 font-medium" role="status">
          {count} selected
        </span>
        {children}
        <IconButton small label="Clear the selection" icon={<X size={14} />} onPress={onClear} />
      </div>
    </div>
  );
}
