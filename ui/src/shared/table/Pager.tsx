import { ChevronLeft, ChevronRight } from "lucide-react";
import { IconButton } from "../Button";
import { SIZES, type TableState } from "./state";

export interface PagerProps {
  state: TableState;
  shown: number;
  /** Absent where nobody counts. */
  total: number | undefined;
  next: string | undefined;
  isLoading: boolean;
}

export function Pager({ state, shown, total, next, isLoading }: PagerProps) {
  const from = (state.page - 1) * state.size + 1;
  const sizes = SIZES.includes(state.size as 10) ? SIZES : [...SIZES, state.size];
  const of = total !== undefined ? ` of ${total}` : next ? ", and more" : "";
  return (
    <div className="flex h-11 shrink-0 items-center justify-end gap-4 border-t border-line px-4 text-xs text-ink-3 [table+&]:border-t-0">
      <label className="flex items-center gap-1.5 max-sm:hidden">
        Rows
        <select
          value={state.size}
          onChange={(event) => state.setSize(Number(event.target.value))}
          className="h-6 rounded-md bg-surface px-1 text-ink-2 ring-1 ring-inset ring-line hover:ring-line-strong"
        >
          {sizes.map((size) => (
            <option key={size}>{size}</option>
          ))}
        </select>
      </label>
      <span className="tnum" role="status">
        {isLoading ? "Loading…" : shown === 0 ? "Nothing on this page" : `${from}–${from + shown - 1}${of}`}
      </span>
      <span className="flex">
        <IconButton small label="Previous page" icon={<ChevronLeft size={16} />} isDisabled={state.page <= 1} onPress={state.goBack} />
        <IconButton small label="Next page" icon={<ChevronRight size={16} />} isDisabled={!next} onPress={() => next && state.goNext(next)} />
      </span>
    </div>
  );
}
