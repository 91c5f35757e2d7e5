import { Fragment, useState } from "react";
import { cx } from "@/shared/cx";
import { Hint } from "@/shared/Tooltip";
import { type Confusion, metricText, scores } from "./metrics";

/** Larger matrices show colours and tell their numbers when pointed at. */
const READABLE = 14;

/** How often each true class (rows) was taken for each class (columns). */
export function ConfusionMatrix({ confusion, label }: { confusion: Confusion; label: string }) {
  const [isShare, setShare] = useState(false);
  const { labels, matrix } = confusion;
  const summary = scores(confusion);
  const sums = matrix.map((row) => row.reduce((sum, count) => sum + count, 0));
  const most = Math.max(1e-9, ...matrix.flat());
  const strength = (row: number, column: number) => {
    const count = matrix[row][column];
    return isShare ? (sums[row] > 0 ? count / sums[row] : 0) : count / most;
  };
  const isSmall = labels.length <= READABLE;
  return (
    <figure className="min-w-0">
      <div className="mb-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-xs">
        <Fact name="accuracy" value={percent(summary.accuracy)} />
        <Fact name="samples" value={metricText(summary.total)} />
        <label className="ml-auto flex items-center gap-1.5 text-ink-3">
          <input type="checkbox" checked={isShare} onChange={() => setShare(!isShare)} className="size-3.5 accent-accent" />
          share of each row
        </label>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div className="overflow-auto" tabIndex={0} role="region" aria-label={label}>
        <table className="border-separate border-spacing-0.5 text-xs">
          <caption className="sr-only">{label}: rows are the true class, columns the predicted one</caption>
          <thead>
            <tr>
              <th className="p-1 text-left text-2xs font-normal text-ink-3">true ↓ predicted →</th>
              {labels.map((name) => (
                <th key={name} scope="col" className={cx("max-w-24 truncate p-1 font-medium text-ink-2", !isSmall && "text-2xs")} title={name}>
                  {isSmall ? name : name.slice(0, 3)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.map((row, index) => (
              <tr key={labels[index]}>
                <th scope="row" className="max-w-32 truncate p-1 pr-2 text-right font-medium text-ink-2" title={labels[index]}>
                  {labels[index]}
                </th>
                {row.map((count, column) => {
                  const share = sums[index] > 0 ? count / sums[index] : 0;
                  const weight = strength(index, column);
                  return (
                    <td
                      key={labels[column]}
                      title={`${labels[index]} taken for ${labels[column]}: ${metricText(count)} (${percent(share)})`}
                      style={{ backgroundColor: `color-mix(in srgb, var(${index === column ? "--succeeded" : "--failed"}) ${Math.round(weight * 45)}%, var(--sunken))` }}
                      className={cx("tnum rounded-sm text-center text-ink", isSmall ? "h-9 min-w-12 px-1.5" : "size-5")}
                    >
                      {isSmall ? (isShare ? percent(share) : metricText(count)) : <span className="sr-only">{metricText(count)}</span>}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <dl className="mt-2 grid grid-cols-[repeat(auto-fill,minmax(180px,1fr))] gap-x-4 gap-y-0.5 text-2xs">
        {summary.classes.slice(0, 12).map((one) => (
          <Fragment key={one.label}>
            <div className="flex gap-2 text-ink-3">
              <dt className="truncate text-ink-2">{one.label}</dt>
              <dd className="tnum ml-auto whitespace-nowrap">
                <Hint text={`${metricText(one.support)} samples are truly ${one.label}`}>
                  precision {percent(one.precision)} · recall {percent(one.recall)}
                </Hint>
              </dd>
            </div>
          </Fragment>
        ))}
      </dl>
    </figure>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <span className="text-ink-3">
      {name} <span className="tnum font-medium text-ink">{value}</span>
    </span>
  );
}

export function percent(share: number | undefined): string {
  return share === undefined ? "—" : `${Number((share * 100).toFixed(1))} %`;
}
