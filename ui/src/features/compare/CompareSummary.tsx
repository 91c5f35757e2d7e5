import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { CompareView, RunSummary } from "@/api/own-types";
import type { Json } from "@/api/types";
import { cx } from "@/shared/cx";
import { StatusBadge } from "@/shared/StatusBadge";
import { Duration, RelativeTime } from "@/shared/Time";
import { metricText } from "@/viewers/metrics";
import { letterOf } from "./ComparePage";
import { changeText, oddOnes, spanOf, valueText } from "./rows";

/** Runs as columns: what they are, what they were given, what they measured. */
export function CompareSummary({ view }: { view: CompareView }) {
  const [onlyDiffering, setOnlyDiffering] = useState(false);
  const parameters = onlyDiffering ? view.parameters.filter((row) => row.differs) : view.parameters;
  const metrics = onlyDiffering ? view.metrics.filter((row) => row.differs) : view.metrics;
  return (
    <div className="p-5 max-md:p-3">
      <label className="mb-3 flex w-fit items-center gap-2">
        <input type="checkbox" checked={onlyDiffering} onChange={() => setOnlyDiffering(!onlyDiffering)} className="size-3.5 accent-accent" />
        Only what differs
      </label>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div tabIndex={0} role="region" aria-label="Comparison of the runs" className="overflow-x-auto rounded-lg border border-line">
        <table className="w-full min-w-max border-separate border-spacing-0 text-left">
          <caption className="sr-only">Runs beside one another</caption>
          <thead>
            <tr>
              <th className="sticky left-0 z-10 w-56 min-w-40 max-sm:w-28 max-sm:min-w-28 border-b border-line bg-sunken px-3 py-2">
                <span className="sr-only">Property</span>
              </th>
              {view.runs.map((run, index) => (
                <th key={run.run_id} scope="col" className="max-w-64 min-w-36 border-b border-line bg-sunken px-3 py-2 font-medium">
                  <span className="mr-1.5 text-2xs text-ink-3">{letterOf(index)}</span>
                  <Link to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} className="hover:underline">
                    {run.display_name}
                  </Link>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Title text="Overview" columns={view.runs.length} />
            <Overview name="State" runs={view.runs} cell={(run) => <StatusBadge state={run.state} plain />} />
            <Overview name="Started" runs={view.runs} cell={(run) => <RelativeTime time={run.started_at ?? run.created_at} />} />
            <Overview name="Duration" runs={view.runs} cell={(run) => <Duration from={run.started_at} to={run.ended_at} />} />
            <Overview name="Pipeline" runs={view.runs} cell={(run) => run.pipeline_name} />
            <Title text="Parameters" columns={view.runs.length} />
            {parameters.length === 0 && <Nothing text={view.parameters.length === 0 ? "No parameters." : "All parameters are equal."} columns={view.runs.length} />}
            {parameters.map((row) => (
              <ValueRow key={row.name} name={row.name} values={row.values} />
            ))}
            <Title text="Metrics" columns={view.runs.length} />
            {metrics.length === 0 && <Nothing text={view.metrics.length === 0 ? "No scalar metrics were logged." : "All metrics are equal."} columns={view.runs.length} />}
            {metrics.map((row) => (
              <MetricRow key={`${row.task} ${row.artifact} ${row.metric}`} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {view.truncated && <p className="pt-2 text-xs text-ink-3">The runs are large; a part of what they hold is left out.</p>}
    </div>
  );
}

function Title({ text, columns }: { text: string; columns: number }) {
  return (
    <tr>
      <th scope="rowgroup" colSpan={columns + 1} className="border-b border-line px-3 pt-4 pb-1.5 text-xs font-medium text-ink-3">
        {text}
      </th>
    </tr>
  );
}

function Nothing({ text, columns }: { text: string; columns: number }) {
  return (
    <tr>
      <td colSpan={columns + 1} className="border-b border-line px-3 py-2 text-ink-3">
        {text}
      </td>
    </tr>
  );
}

function Head({ children }: { children: ReactNode }) {
  return (
    <th scope="row" className="sticky left-0 z-10 max-w-56 border-b border-line bg-surface px-3 py-2 font-normal break-words text-ink-2">
      {children}
    </th>
  );
}

function Overview({ name, runs, cell }: { name: string; runs: RunSummary[]; cell: (run: RunSummary) => ReactNode }) {
  return (
    <tr>
      <Head>{name}</Head>
      {runs.map((run) => (
        <td key={run.run_id} className="border-b border-line px-3 py-2">
          {cell(run)}
        </td>
      ))}
    </tr>
  );
}

function ValueRow({ name, values }: { name: string; values: (Json | null)[] }) {
  const odd = oddOnes(values);
  return (
    <tr>
      <Head>{name}</Head>
      {values.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a column is a run
        <td key={index} title={valueText(value)} className={cx("max-w-64 truncate border-b border-line px-3 py-2 font-mono text-xs", odd[index] && "bg-warning-soft")}>
          {valueText(value)}
          {odd[index] && <span className="sr-only"> (differs)</span>}
        </td>
      ))}
    </tr>
  );
}

/** A number, how it stands to the first run's, and a bar for its place between least and most. */
function MetricRow({ row }: { row: CompareView["metrics"][number] }) {
  const span = spanOf(row.values);
  return (
    <tr>
      <Head>
        <span className="font-medium text-ink">{row.metric}</span>
        <span className="block text-2xs text-ink-3">{row.task.replace(/^root\//, "")}</span>
      </Head>
      {row.values.map((value, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a column is a run
        <td key={index} className="border-b border-line px-3 py-2">
          <span className="tnum font-medium">{metricText(value)}</span>
          {index > 0 && <span className="tnum ml-2 text-2xs text-ink-3">{changeText(value, row.values[0])}</span>}
          {span !== undefined && typeof value === "number" && (
            <span aria-hidden className="mt-1 block h-1 w-24 rounded-full bg-neutral-soft">
              <span style={{ width: `${6 + (94 * (value - span.least)) / (span.most - span.least)}%` }} className="block h-full rounded-full bg-accent" />
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}
