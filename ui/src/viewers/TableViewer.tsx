import { useMemo, useState } from "react";
import { ArrowDown, ArrowUp } from "lucide-react";
import type { Json } from "@/api/types";
import { cx } from "@/shared/cx";
import { areNumbers } from "./csv";

export interface TableViewerProps {
  label: string;
  columns: { name: string; type?: string }[];
  rows: readonly (readonly (Json | string)[])[];
  /** Under the table: how much there is beyond what is shown. */
  note?: string;
}

/** Rows of a file: numbers to the right, sorted by a press on a column's name. */
export function TableViewer({ label, columns, rows, note }: TableViewerProps) {
  const [sort, setSort] = useState<{ column: number; isDown: boolean }>();
  const numeric = useMemo(() => columns.map((_, index) => areNumbers(rows.map((row) => row[index]))), [columns, rows]);
  const sorted = useMemo(() => {
    if (sort === undefined) return rows;
    const sign = sort.isDown ? -1 : 1;
    return rows.slice().sort((a, b) => sign * compare(a[sort.column], b[sort.column], numeric[sort.column]));
  }, [rows, sort, numeric]);
  const press = (column: number) =>
    setSort(sort?.column !== column ? { column, isDown: false } : sort.isDown ? undefined : { column, isDown: true });
  return (
    <figure className="flex max-h-full min-h-0 min-w-0 flex-col">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div tabIndex={0} role="region" aria-label={label} className="min-h-0 overflow-auto rounded-lg border border-line">
        <table className="border-separate border-spacing-0 text-left text-xs">
          <caption className="sr-only">{label}</caption>
          <thead className="sticky top-0 bg-sunken">
            <tr>
              <th className="border-b border-line px-2 text-right font-normal text-ink-3">
                <span className="sr-only">Row</span>
              </th>
              {columns.map((column, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: names of columns may repeat
                <th key={index} scope="col" aria-sort={sort?.column === index ? (sort.isDown ? "descending" : "ascending") : undefined} className={cx("border-b border-line p-0", numeric[index] && "text-right")}>
                  <button type="button" onClick={() => press(index)} className={cx("flex w-full items-center gap-1 px-3 py-1.5 font-medium whitespace-nowrap text-ink-2 hover:text-ink", numeric[index] && "justify-end")}>
                    {column.name}
                    {column.type !== undefined && <span className="font-normal text-ink-3">{column.type}</span>}
                    {sort?.column === index && (sort.isDown ? <ArrowDown size={11} aria-hidden /> : <ArrowUp size={11} aria-hidden />)}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no names
              <tr key={index} className="hover:bg-hover">
                <td className="tnum border-b border-line px-2 text-right text-2xs text-ink-3">{index + 1}</td>
                {columns.map((_, column) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: as above
                  <td key={column} className={cx("max-w-80 truncate border-b border-line px-3 py-1", numeric[column] ? "tnum text-right" : "")} title={cellText(row[column])}>
                    {cellText(row[column])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {note !== undefined && <figcaption className="pt-1.5 text-2xs text-ink-3">{note}</figcaption>}
    </figure>
  );
}

function cellText(value: Json | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function compare(a: Json | undefined, b: Json | undefined, isNumeric: boolean): number {
  if (isNumeric) return Number(a ?? Number.NEGATIVE_INFINITY) - Number(b ?? Number.NEGATIVE_INFINITY);
  return cellText(a).localeCompare(cellText(b), "en", { numeric: true });
}
