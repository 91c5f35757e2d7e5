import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { executorOf } from "@/api/executor";
import { getExperiment, getPipeline, getRun, getVersion } from "@/api/queries";
import type { Json, Run } from "@/api/types";
import { ErrorBanner } from "@/shared/Banner";
import { Facts } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusBadge } from "@/shared/StatusBadge";
import { Duration } from "@/shared/Time";
import { fullText, parseTime } from "@/shared/time";
import { JsonView } from "@/viewers/JsonView";
import type { LiveRun } from "../live";

type Fact = [name: string, value: ReactNode];

/** What the run was given and what became of it. */
export function ConfigTab({ runId, live }: { runId: string; live: LiveRun }) {
  const query = useQuery(getRun(runId));
  if (query.error && query.data === undefined) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />;
  if (query.data === undefined) return <div className="p-6"><SkeletonLines lines={8} /></div>;
  const run = query.data;
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto max-w-4xl space-y-8 p-6 max-md:p-4">
        <RunFacts run={run} live={live} />
        <RunParameters run={run} live={live} />
        <History run={run} />
      </div>
    </div>
  );
}

function RunFacts({ run, live }: { run: Run; live: LiveRun }) {
  const { pipeline_id: pipeline = "", pipeline_version_id: version = "" } = run.pipeline_version_reference ?? {};
  const pipelineQuery = useQuery(getPipeline(pipeline));
  const versionQuery = useQuery(getVersion(pipeline, version));
  const experiment = useQuery(getExperiment(run.experiment_id));
  const begun = run.state_history?.findLast((entry) => entry.state === "RUNNING")?.update_time;
  const facts: (Fact | false)[] = [
    ["Run", <code key="id" className="font-mono text-xs break-all">{run.run_id}</code>],
    run.description !== undefined && run.description !== "" && ["Description", run.description],
    [
      "Pipeline",
      pipeline === "" ? (
        <span key="pipeline">{live.view?.name ?? "—"} (given with the run)</span>
      ) : (
        <span key="pipeline">
          <Link to="/pipelines/details/$pipelineId" params={{ pipelineId: pipeline }} search={{}} className="link">
            {pipelineQuery.data?.display_name ?? pipeline}
          </Link>
          {version !== "" && (
            <>
              {", version "}
              <Link to="/pipelines/details/$pipelineId/version/$versionId" params={{ pipelineId: pipeline, versionId: version }} search={{}} className="link">
                {versionQuery.data?.display_name ?? version}
              </Link>
            </>
          )}
        </span>
      ),
    ],
    [
      "Experiment",
      <Link key="experiment" to="/experiments/details/$experimentId" params={{ experimentId: run.experiment_id }} search={{}} className="link">
        {experiment.data?.display_name ?? run.experiment_id}
      </Link>,
    ],
    run.recurring_run_id !== undefined && [
      "Recurring run",
      <Link key="recurring" to="/recurringrun/details/$recurringRunId" params={{ recurringRunId: run.recurring_run_id }} search={{}} className="link">
        {run.recurring_run_id}
      </Link>,
    ],
    ["Created", timeText(run.created_at)],
    run.scheduled_at !== undefined && run.scheduled_at !== run.created_at && ["Scheduled for", timeText(run.scheduled_at)],
    ["Started", timeText(live.run?.started_at ?? begun)],
    ["Finished", timeText(run.finished_at)],
    ["Duration", <Duration key="duration" from={live.run?.started_at ?? run.created_at} to={live.run?.ended_at ?? run.finished_at} />],
    run.runtime_config?.pipeline_root !== undefined && ["Pipeline root", <code key="root" className="font-mono text-xs break-all">{run.runtime_config.pipeline_root}</code>],
    run.service_account !== undefined && run.service_account !== "" && ["Service account", run.service_account],
    executorOf(run) !== undefined && ["Tasks run as", executorOf(run)],
    live.view !== undefined && ["Format", `${live.view.dialect === "v1" ? "Argo workflow (v1)" : "PipelineSpec (v2)"}${live.view.sdk_version === undefined ? "" : `, ${live.view.sdk_version}`}`],
  ];
  return (
    <section aria-label="Run">
      <h2 className="mb-3 text-sm">Run</h2>
      <Facts items={facts.filter((fact) => fact !== false)} />
    </section>
  );
}

function timeText(time: string | undefined): string {
  const at = parseTime(time);
  return at === undefined ? "—" : fullText(at);
}

/** What was given, and for what was not given its default. */
function RunParameters({ run, live }: { run: Run; live: LiveRun }) {
  const given = run.runtime_config?.parameters ?? {};
  const declared = live.view?.parameters ?? [];
  const names = Array.from(new Set([...declared.map((parameter) => parameter.name), ...Object.keys(given)]));
  if (names.length === 0) return null;
  return (
    <section aria-label="Parameters">
      <h2 className="mb-3 text-sm">Parameters</h2>
      <table className="w-full table-fixed text-left">
        <thead className="text-xs text-ink-3">
          <tr>
            <th scope="col" className="w-1/3 border-b border-line py-1.5 font-normal">Name</th>
            <th scope="col" className="border-b border-line py-1.5 font-normal">Value</th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const parameter = declared.find((one) => one.name === name);
            const isGiven = name in given;
            return (
              <tr key={name} className="align-top">
                <th scope="row" className="border-b border-line py-2 pr-4 font-medium break-words" title={parameter?.description}>
                  {name}
                  {parameter !== undefined && <span className="ml-2 text-2xs font-normal text-ink-3">{parameter.type.toLowerCase().replace("number_", "")}</span>}
                </th>
                <td className="border-b border-line py-2 font-mono text-xs break-words">
                  <ValueText value={isGiven ? given[name] : parameter?.default} />
                  {!isGiven && <span className="ml-2 font-sans text-2xs text-ink-3">default</span>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function ValueText({ value }: { value: Json | undefined }) {
  if (value === undefined) return <span className="font-sans text-ink-3">not given</span>;
  if (value === null || typeof value !== "object") return String(value) === "" ? <span className="font-sans text-ink-3">empty</span> : String(value);
  return <JsonView value={value} open={1} />;
}

function History({ run }: { run: Run }) {
  const history = run.state_history ?? [];
  if (history.length === 0) return null;
  return (
    <section aria-label="History">
      <h2 className="mb-3 text-sm">History</h2>
      <ol className="space-y-1.5">
        {history.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the history only grows
          <li key={index} className="flex flex-wrap items-center gap-3">
            <span className="w-28">
              <StatusBadge state={entry.state} plain />
            </span>
            <span className="text-ink-3">{timeText(entry.update_time)}</span>
            {entry.error?.message !== undefined && <span className="text-failed">{entry.error.message}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
