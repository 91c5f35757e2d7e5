import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ChartColumn } from "lucide-react";
import { getStatistics } from "@/api/about";
import type { PipelineStatistics } from "@/api/own-types";
import { ErrorBanner } from "@/shared/Banner";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { NativeSelect } from "@/shared/Field";
import { Section } from "@/shared/Page";
import { Skeleton } from "@/shared/Skeleton";
import { lookOf, type Tone } from "@/shared/status";
import { durationText } from "@/shared/time";
import { useUrlState } from "@/shared/url";

const bars: Record<Tone, string> = {
  succeeded: "bg-succeeded",
  running: "bg-running",
  failed: "bg-failed",
  warning: "bg-warning",
  cached: "bg-cached",
  neutral: "bg-neutral",
};

/** How a pipeline has fared: how often, how long, what failed, what the cache saved. */
export function Statistics({ pipelineId }: { pipelineId: string }) {
  const [url, patch] = useUrlState();
  const days = Number(url["days"]) || 30;
  const { data, error, isPending, refetch } = useQuery(getStatistics(pipelineId, days));
  if (error) return <ErrorBanner error={error} className="m-4" onRetry={() => void refetch()} />;
  if (isPending) return <Skeleton className="m-4 h-60" />;
  const choice = (
    <NativeSelect aria-label="Period" value={days} onChange={(event) => patch({ days: event.target.value === "30" ? undefined : event.target.value })} className="max-w-40">
      <option value={7}>Last 7 days</option>
      <option value={30}>Last 30 days</option>
      <option value={90}>Last 90 days</option>
      <option value={365}>Last year</option>
    </NativeSelect>
  );
  if (data.runs === 0) {
    return (
      <div className="p-4">
        {choice}
        <EmptyState icon={<ChartColumn size={20} />} title="No runs in this time">
          Once this pipeline has run, its durations, failures and cache hits are shown here.
        </EmptyState>
      </div>
    );
  }
  const succeeded = data.counts["SUCCEEDED"] ?? 0;
  const ended = succeeded + (data.counts["FAILED"] ?? 0);
  return (
    <div className="flex flex-col gap-6 overflow-y-auto p-6">
      <div className="flex justify-end">{choice}</div>
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg bg-line ring-1 ring-line lg:grid-cols-4">
        <Figure name="Runs" value={String(data.runs)} />
        <Figure name="Succeeded" value={ended === 0 ? "—" : `${Math.round((succeeded / ended) * 100)} %`} />
        <Figure name="Typical duration" value={seconds(data.durations.p50)} aside={data.durations.p90 === undefined ? undefined : `9 in 10 under ${seconds(data.durations.p90)}`} />
        <Figure name="From the cache" value={data.cache_rate === undefined ? "—" : `${Math.round(data.cache_rate * 100)} %`} aside="of the tasks" />
      </dl>
      <Recent data={data} />
      <Tasks data={data} />
    </div>
  );
}

const seconds = (value: number | undefined) => (value === undefined ? "—" : durationText(value * 1000));

function Figure({ name, value, aside }: { name: string; value: string; aside?: string }) {
  return (
    <div className="bg-surface p-4">
      <dt className="text-xs text-ink-3">{name}</dt>
      <dd className="tnum text-xl font-semibold">{value}</dd>
      {aside && <dd className="text-xs text-ink-3">{aside}</dd>}
    </div>
  );
}

/** One bar per run, the newest at the right; height is its duration. */
function Recent({ data }: { data: PipelineStatistics }) {
  const runs = data.recent.slice(0, 60).reverse();
  const longest = Math.max(...runs.map((run) => run.duration_seconds ?? 0), 0.001);
  return (
    <Section title="Recent runs">
      <ul className="flex h-28 items-end gap-1" aria-label="Duration of recent runs">
        {runs.map((run) => {
          const look = lookOf(run.state);
          const label = `${look.word}, ${seconds(run.duration_seconds)}, ${new Date(run.created_at).toLocaleString("en-GB")}`;
          return (
            <li key={run.run_id} className="flex h-full min-w-1.5 max-w-5 flex-1 items-end">
              <Link
                to="/runs/details/$runId"
                params={{ runId: run.run_id }}
                search={{}}
                aria-label={label}
                title={label}
                style={{ height: `${Math.max(4, ((run.duration_seconds ?? 0) / longest) * 100)}%` }}
                className={cx("w-full rounded-t-sm opacity-80 hover:opacity-100", bars[look.tone])}
              />
            </li>
          );
        })}
      </ul>
    </Section>
  );
}

function Tasks({ data }: { data: PipelineStatistics }) {
  return (
    <Section title="Tasks">
      <table className="w-full text-left">
        <thead className="text-xs text-ink-3">
          <tr>
            {["Task", "Times run", "Failed", "Cached", "Typical", "9 in 10 under"].map((header, index) => (
              <th key={header} scope="col" className={cx("h-8 border-b border-line font-medium", index > 0 && "text-right")}>
                {header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {data.per_task.map((task) => (
            <tr key={task.name} className="[&>td]:h-9 [&>td]:border-b [&>td]:border-line">
              <td className="max-w-0 truncate font-medium">{task.name}</td>
              <td className="tnum text-right">{task.runs}</td>
              <td className={cx("tnum text-right", task.failed > 0 && "text-failed")}>{task.failed}</td>
              <td className="tnum text-right">{task.cached}</td>
              <td className="tnum text-right">{seconds(task.durations.p50)}</td>
              <td className="tnum text-right">{seconds(task.durations.p90)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
