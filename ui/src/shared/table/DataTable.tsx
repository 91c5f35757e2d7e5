import { ChevronRight } from "lucide-react";
import { Fragment, useId, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import type { Page } from "@/api/types";
import { ErrorBanner } from "../Banner";
import { IconButton } from "../Button";
import { cx } from "../cx";
import { Skeleton } from "../Skeleton";
import { BulkBar } from "./BulkBar";
import { HeaderCell, type Column } from "./columns";
import { Pager } from "./Pager";
import type { TableState } from "./state";

export type { Column };

export interface DataTableProps<T> {
  /** What the rows are, for screen readers. */
  label: string;
  columns: Column<T>[];
  query: { data?: Page<T>; error: Error | null; isPending: boolean; isPlaceholderData: boolean; refetch: () => unknown };
  rowKey: (row: T) => string;
  /** The name of a row, for the label of its checkbox. */
  rowName: (row: T) => string;
  /** Opens a row: a click anywhere on it, or Enter. Cells with the row's name hold a real link besides. */
  onOpen?: (row: T) => void;
  state: TableState;
  /** Actions on the selected rows; without it there are no checkboxes. */
  bulk?: false | ((rows: T[], clear: () => void) => ReactNode);
  /** More about a row, below it, on demand. */
  expand?: (row: T) => ReactNode;
  /** When there are no rows. */
  empty: ReactNode;
  className?: string;
}

/** A list with everything lists have. The filter box and further filters are the toolbar's (`TableToolbar`). */
export function DataTable<T>(props: DataTableProps<T>) {
  const { label, columns, query, rowKey, rowName, onOpen, state, bulk, expand, empty } = props;
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const body = useRef<HTMLTableSectionElement>(null);
  const seen = useRef(new Map<string, T>());
  const caption = useId();
  const shown = columns.filter((column) => column.isFixed || !state.hidden.has(column.id));
  const rows = query.data?.items ?? [];
  for (const row of rows) seen.current.set(rowKey(row), row);
  const keys = rows.map(rowKey);
  const isAll = keys.length > 0 && keys.every((key) => state.selected.has(key));
  const width = shown.length + (bulk ? 1 : 0) + (expand ? 1 : 0);

  const toggle = (key: string) => {
    const next = new Set(state.selected);
    if (!next.delete(key)) next.add(key);
    state.select(next);
  };
  const toggleAll = () => {
    const next = new Set(state.selected);
    for (const key of keys) isAll ? next.delete(key) : next.add(key);
    state.select(next);
  };
  const toggleOpened = (key: string) => {
    const next = new Set(opened);
    if (!next.delete(key)) next.add(key);
    setOpened(next);
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTableRowElement>, row: T) => {
    if (event.target !== event.currentTarget) return;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const all = [...(body.current?.querySelectorAll<HTMLElement>("tr[data-row]") ?? [])];
      all[all.indexOf(event.currentTarget) + step]?.focus();
    } else if (event.key === "Enter") onOpen?.(row);
    else if (event.key === "x" && bulk) toggle(rowKey(row));
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && expand) toggleOpened(rowKey(row));
  };
  const onClick = (event: MouseEvent, row: T) => {
    const hit = (event.target as Element).closest("a, button, input, label, [role=switch]");
    const isText = (window.getSelection()?.toString() ?? "") !== "";
    if (!hit && !isText) onOpen?.(row);
  };

  if (query.error && rows.length === 0) {
    return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />;
  }
  if (!query.isPending && rows.length === 0 && state.page === 1) return <>{empty}</>;
  const selectedRows = [...state.selected].map((key) => seen.current.get(key)).filter((row) => row !== undefined);

  return (
    <div className={cx("flex min-h-0 flex-1 flex-col", props.className)}>
      {query.error && <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="mx-4 mt-3" />}
      <div className="min-h-0 flex-1 overflow-auto" tabIndex={-1}>
        <table
          aria-labelledby={caption}
          aria-busy={query.isPending}
          className={cx("w-full table-fixed border-separate border-spacing-0 text-left transition-opacity", query.isPlaceholderData && "opacity-60")}
        >
          <caption id={caption} className="sr-only">
            {label}
          </caption>
          <thead className="sticky top-0 z-10 bg-surface">
            <tr>
              {expand && <th className="w-9 border-b border-line"><span className="sr-only">Expand</span></th>}
              {bulk && (
                <th className="w-10 border-b border-line pl-4">
                  <Checkbox label={`Select all ${label.toLowerCase()} of this page`} isChecked={isAll} onChange={toggleAll} />
                </th>
              )}
              {shown.map((column) => (
                <HeaderCell key={column.id} column={column} state={state} />
              ))}
            </tr>
          </thead>
          <tbody ref={body}>
            {query.isPending && <SkeletonRows rows={Math.min(state.size, 8)} columns={width} />}
            {rows.map((row, index) => {
              const key = rowKey(row);
              const isSelected = state.selected.has(key);
              const isOpened = opened.has(key);
              return (
                <Fragment key={key}>
                  <tr
                    data-row
                    tabIndex={index === 0 ? 0 : -1}
                    aria-selected={bulk ? isSelected : undefined}
                    onKeyDown={(event) => onKeyDown(event, row)}
                    onClick={(event) => onClick(event, row)}
                    className={cx(
                      "group/row outline-offset-[-2px] [&>td]:border-b [&>td]:border-line",
                      isSelected ? "bg-accent-soft" : onOpen && "hover:bg-hover",
                    )}
                  >
                    {expand && (
                      <td className="pl-2">
                        <IconButton
                          small
                          label={`${isOpened ? "Collapse" : "Expand"} ${rowName(row)}`}
                          aria-expanded={isOpened}
                          icon={<ChevronRight size={14} className={cx("transition-transform", isOpened && "rotate-90")} />}
                          onPress={() => toggleOpened(key)}
                        />
                      </td>
                    )}
                    {bulk && (
                      <td className="pl-4">
                        <Checkbox label={`Select ${rowName(row)}`} isChecked={isSelected} onChange={() => toggle(key)} />
                      </td>
                    )}
                    {shown.map((column) => (
                      <td
                        key={column.id}
                        className={cx("h-11 px-3 align-middle [&>*]:align-middle first:pl-4 last:pr-4", column.align === "end" && "text-right", column.isWideOnly && "max-lg:hidden", column.isTabletUp && "max-sm:hidden", column.className)}
                      >
                        {column.cell(row)}
                      </td>
                    ))}
                  </tr>
                  {isOpened && expand && (
                    <tr>
                      <td colSpan={width} className="border-b border-line bg-sunken px-4 py-2">
                        {expand(row)}
                      </td>
                    </tr>
                  )}
                </Fragment>
              );
            })}
          </tbody>
        </table>
      </div>
      <Pager state={state} shown={rows.length} total={query.data?.total} next={query.data?.next} isLoading={query.isPending} />
      {bulk && state.selected.size > 0 && (
        <BulkBar count={state.selected.size} onClear={() => state.select([])}>
          {bulk(selectedRows, () => state.select([]))}
        </BulkBar>
      )}
    </div>
  );
}

function Checkbox({ label, isChecked, onChange }: { label: string; isChecked: boolean; onChange: () => void }) {
  return (
    <label className="flex size-6 items-center">
      <input type="checkbox" aria-label={label} checked={isChecked} onChange={onChange} className="size-3.5 accent-accent" />
    </label>
  );
}

function SkeletonRows({ rows, columns }: { rows: number; columns: number }) {
  return Array.from({ length: rows }, (_, row) => (
    <tr key={row} aria-hidden>
      {Array.from({ length: columns }, (_, column) => (
        <td key={column} className="h-11 border-b border-line px-3 first:pl-4">
          <Skeleton className={cx("h-3.5", (row + column) % 3 === 0 ? "w-3/5" : "w-2/5")} />
        </td>
      ))}
    </tr>
  ));
}
