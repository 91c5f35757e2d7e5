import { ArrowDown, ArrowUp } from "lucide-react";
import type { ReactNode } from "react";
import { cx } from "../cx";
import type { TableState } from "./state";

export interface Column<T> {
  id: string;
  header: string;
  cell: (row: T) => ReactNode;
  /** The key of `sort_by`; without it the column cannot be sorted. */
  sortKey?: string;
  /** A CSS width, such as `120px` or `40%`. */
  width?: string;
  align?: "end";
  /** Always shown, such as the name. */
  isFixed?: boolean;
  /** Left out on narrow screens. */
  isWideOnly?: boolean;
  /** Left out on telephones. */
  isTabletUp?: boolean;
  className?: string;
}

export function HeaderCell<T>({ column, state }: { column: Column<T>; state: TableState }) {
  const { id, header, sortKey, width, align } = column;
  const isSorted = sortKey !== undefined && state.sort.key === sortKey;
  const direction = isSorted ? (state.sort.descending ? "descending" : "ascending") : undefined;
  const Arrow = state.sort.descending ? ArrowDown : ArrowUp;
  return (
    <th
      key={id}
      scope="col"
      aria-sort={direction}
      style={{ width }}
      title={header}
      className={cx(
        "h-9 truncate border-b border-line px-3 text-xs font-medium whitespace-nowrap text-ink-3 first:pl-4 last:pr-4",
        align === "end" && "text-right",
        column.isWideOnly && "max-lg:hidden",
        column.isTabletUp && "max-sm:hidden",
      )}
    >
      {sortKey === undefined ? (
        header
      ) : (
        <button
          type="button"
          onClick={() => state.toggleSort(sortKey)}
          className={cx("group -mx-1 inline-flex items-center gap-1 rounded-sm px-1 hover:text-ink", align === "end" && "flex-row-reverse", isSorted && "text-ink-2")}
        >
          {header}
          <Arrow size={12} aria-hidden className={cx("transition-opacity", !isSorted && "opacity-0 group-hover:opacity-50")} />
        </button>
      )}
    </th>
  );
}
