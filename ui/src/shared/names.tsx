import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { getExperiment, getPipeline, getRecurringRun, getVersion } from "@/api/queries";
import type { Json, Run, VersionReference } from "@/api/types";
import { Skeleton } from "./Skeleton";

const none = <span className="text-ink-3">—</span>;
const wait = <Skeleton className="h-3.5 w-24" />;
const name = "block truncate hover:text-ink hover:underline";

/** Names of things that a row knows by their id only; each is read once and kept. */
export function ExperimentName({ id }: { id: string | undefined }) {
  const { data, isPending } = useQuery(getExperiment(id ?? ""));
  if (!id) return none;
  if (isPending) return wait;
  if (!data) return <span className="text-ink-3">deleted</span>;
  return (
    <Link to="/experiments/details/$experimentId" params={{ experimentId: id }} search={{}} className={name}>
      {data.display_name}
    </Link>
  );
}

export function RecurringRunName({ id }: { id: string | undefined }) {
  const { data, isPending } = useQuery(getRecurringRun(id ?? ""));
  if (!id) return none;
  if (isPending) return wait;
  if (!data) return <span className="text-ink-3">deleted</span>;
  return (
    <Link to="/recurringrun/details/$recurringRunId" params={{ recurringRunId: id }} search={{}} className={name}>
      {data.display_name}
    </Link>
  );
}

export function PipelineName({ reference, spec }: { reference: VersionReference | undefined; spec?: Record<string, Json> }) {
  const pipeline = useQuery(getPipeline(reference?.pipeline_id ?? ""));
  const version = useQuery(getVersion(reference?.pipeline_id ?? "", reference?.pipeline_version_id ?? ""));
  if (!reference) return <InlineName spec={spec} />;
  if (pipeline.isPending) return wait;
  if (!pipeline.data) return <span className="text-ink-3">deleted</span>;
  const versionId = reference.pipeline_version_id;
  const isSame = version.data === undefined || version.data.display_name === pipeline.data.display_name;
  const label = (
    <>
      {pipeline.data.display_name}
      {versionId === undefined && <span className="text-ink-3"> · latest</span>}
      {!isSame && <span className="text-ink-3"> · {version.data?.display_name}</span>}
    </>
  );
  return versionId ? (
    <Link
      to="/pipelines/details/$pipelineId/version/$versionId"
      params={{ pipelineId: reference.pipeline_id, versionId }}
      search={{}}
      className={name}
    >
      {label}
    </Link>
  ) : (
    <Link to="/pipelines/details/$pipelineId" params={{ pipelineId: reference.pipeline_id }} search={{}} className={name}>
      {label}
    </Link>
  );
}

function InlineName({ spec }: { spec?: Record<string, Json> }) {
  const text = inlineName(spec);
  return text === undefined ? none : <span className="block truncate">{text}</span>;
}

/** The name a pipeline file gives itself, of either dialect. */
export function inlineName(spec: Record<string, Json> | undefined): string | undefined {
  const inner = (spec?.["pipeline_spec"] ?? spec) as { pipelineInfo?: { name?: string }; metadata?: { name?: string; generateName?: string } } | undefined;
  return inner?.pipelineInfo?.name ?? inner?.metadata?.name ?? inner?.metadata?.generateName?.replace(/-$/, "");
}

/** When a run began to run; a retried one began anew. */
export function startOf(run: Run): string | undefined {
  const history = run.state_history ?? [];
  return history.findLast((entry) => entry.state === "RUNNING")?.update_time;
}
