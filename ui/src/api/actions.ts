/** Every write of the interface. */
import { call, post, patch as patchCall, removeThing } from "./client";
import { namespace } from "./namespace";
import { queryClient } from "./query-client";
import type { Experiment, Json, Pipeline, PipelineVersion, RecurringRun, Run, RuntimeConfig, Trigger, VersionReference } from "./types";

const v2 = "apis/v2beta1";

/** Lists and details of these kinds are read again. */
export function renew(...kinds: ("runs" | "experiments" | "pipelines" | "versions" | "recurring-runs")[]): Promise<unknown> {
  return Promise.all(kinds.map((kind) => queryClient.invalidateQueries({ queryKey: [kind] })));
}

export interface RunRequest {
  display_name: string;
  description?: string;
  experiment_id?: string;
  pipeline_version_reference?: VersionReference;
  pipeline_spec?: unknown;
  runtime_config?: RuntimeConfig;
  service_account?: string;
  plugins_input?: Record<string, Json>;
}
export interface RecurringRunRequest extends RunRequest {
  trigger: Trigger;
  max_concurrency: string;
  no_catchup: boolean;
  mode: "ENABLE" | "DISABLE";
}

export const createRun = (run: RunRequest) => post<Run>(`${v2}/runs`, run);
export const createRecurringRun = (run: RecurringRunRequest) => post<RecurringRun>(`${v2}/recurringruns`, run.experiment_id === undefined ? { ...run, namespace: namespace() } : run);
export const createExperiment = (experiment: { display_name: string; description?: string }) => post<Experiment>(`${v2}/experiments`, { ...experiment, namespace: namespace() });

export type RunVerb = "archive" | "unarchive" | "terminate" | "retry";
export const actOnRun = (id: string, verb: RunVerb) => post(`${v2}/runs/${id}:${verb}`);
/** Takes in a run that was exported as a file; returns it. */
export const importRun = (file: File, query: { experiment_id?: string; archived?: boolean }) => call<Run>("POST", "apis/pipewright/v1/runs/import", { file, query });
export const deleteRun = (id: string) => removeThing(`${v2}/runs`, id);
export const actOnExperiment = (id: string, verb: "archive" | "unarchive") => post(`${v2}/experiments/${id}:${verb}`);
export const deleteExperiment = (id: string) => removeThing(`${v2}/experiments`, id);
export const actOnRecurringRun = (id: string, verb: "enable" | "disable") => post(`${v2}/recurringruns/${id}:${verb}`);
export const deleteRecurringRun = (id: string) => removeThing(`${v2}/recurringruns`, id);
export const deletePipeline = (id: string) => removeThing(`${v2}/pipelines`, id, { cascade: true });
export const deleteVersion = (pipelineId: string, id: string) => removeThing(`${v2}/pipelines/${pipelineId}/versions`, id);
export const changePipeline = (id: string, change: Partial<Pipeline>) => patchCall<Pipeline>(`${v2}/pipelines/${id}`, change);

export interface Upload {
  /** A new version of this pipeline; a new pipeline without. */
  pipelineId?: string;
  name: string;
  displayName?: string;
  description?: string;
  codeSourceUrl?: string;
  /** Of a new pipeline: empty for one that all share; absent: that which is looked in. */
  namespace?: string;
}

/** Sends a file; returns the pipeline's and the version's ids, where the answer says them. */
export async function uploadFile(file: File, upload: Upload): Promise<{ pipelineId: string; versionId?: string }> {
  const form = new FormData();
  form.append("uploadfile", file, file.name);
  const query = {
    name: upload.name,
    display_name: upload.displayName,
    description: upload.description,
    code_source_url: upload.codeSourceUrl,
    pipelineid: upload.pipelineId,
    namespace: upload.namespace,
  };
  if (upload.pipelineId === undefined) {
    const made = await call<Pipeline>("POST", `${v2}/pipelines/upload`, { query, form });
    return { pipelineId: made.pipeline_id };
  }
  const made = await call<PipelineVersion>("POST", `${v2}/pipelines/upload_version`, { query, form });
  return { pipelineId: made.pipeline_id, versionId: made.pipeline_version_id };
}

/** Lets the server fetch the file. */
export async function uploadUrl(url: string, upload: Upload): Promise<{ pipelineId: string; versionId?: string }> {
  const version = {
    display_name: upload.displayName ?? upload.name,
    name: upload.name,
    description: upload.description,
    package_url: { pipeline_url: url },
    code_source_url: upload.codeSourceUrl,
  };
  if (upload.pipelineId === undefined) {
    const pipeline = { display_name: upload.displayName ?? upload.name, name: upload.name, description: upload.description, namespace: upload.namespace ?? namespace() };
    const made = await post<Pipeline>(`${v2}/pipelines/create`, { pipeline, pipeline_version: { package_url: version.package_url } });
    return { pipelineId: made.pipeline_id };
  }
  const made = await post<PipelineVersion>(`${v2}/pipelines/${upload.pipelineId}/versions`, { ...version, pipeline_id: upload.pipelineId });
  return { pipelineId: made.pipeline_id, versionId: made.pipeline_version_id };
}
