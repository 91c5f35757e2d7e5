import { ChevronRight } from "lucide-react";
import { useState, type ReactNode } from "react";
import type { Json } from "@/api/types";
import { cx } from "@/shared/cx";

/** So many entries of a list or an object are shown until more is asked for. */
const AT_ONCE = 100;

/** A value as a tree that opens and closes. */
export function JsonView({ value, open = 2 }: { value: Json; open?: number }) {
  return (
    <div className="overflow-x-auto font-mono text-xs leading-5">
      <Value value={value} depth={0} open={open} />
    </div>
  );
}

function Value({ name, value, depth, open }: { name?: string; value: Json; depth: number; open: number }) {
  const [isOpen, setOpen] = useState(depth < open);
  const [shown, setShown] = useState(AT_ONCE);
  const label = name === undefined ? null : <span className="text-accent-ink">{name}: </span>;
  if (value === null || typeof value !== "object") {
    return (
      <div className="pl-4 break-words whitespace-pre-wrap">
        {label}
        <Leaf value={value} />
      </div>
    );
  }
  const entries: [string, Json][] = Array.isArray(value) ? value.map((item, index) => [String(index), item]) : Object.entries(value);
  const [first, last] = Array.isArray(value) ? "[]" : "{}";
  return (
    <div>
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)} className="flex items-center rounded-sm pr-1 hover:bg-hover">
        <ChevronRight size={12} aria-hidden className={cx("mr-1 shrink-0 text-ink-3 transition-transform", isOpen && "rotate-90")} />
        {label}
        <span className="ml-1 text-ink-3">{isOpen ? first : `${first}${entries.length}${last}`}</span>
      </button>
      {isOpen && (
        <div className="ml-1.5 border-l border-line pl-2">
          {entries.slice(0, shown).map(([key, item]) => (
            <Value key={key} name={key} value={item} depth={depth + 1} open={open} />
          ))}
          {entries.length > shown && (
            <button type="button" onClick={() => setShown(shown + 1000)} className="link pl-4">
              {entries.length - shown} more
            </button>
          )}
        </div>
      )}
      {isOpen && <div className="pl-4 text-ink-3">{last}</div>}
    </div>
  );
}

function Leaf({ value }: { value: null | boolean | number | string }): ReactNode {
  if (typeof value === "string") return <span className="text-succeeded">{JSON.stringify(value)}</span>;
  return <span className="text-running">{String(value)}</span>;
}
