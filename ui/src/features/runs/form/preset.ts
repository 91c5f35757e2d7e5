/** What the form of a new run starts from: a pipeline, an experiment, another run or a recurring run. Pure but for the reads. */
import { executorOf } from "@/api/executor";
import { getPipeline, getRecurringRun, getRun, listVersions } from "@/api/queries";
import { queryClient } from "@/api/query-client";
import type { Json, Parameters, Run, RecurringRun } from "@/api/types";
import type { UrlState } from "@/shared/url";
import { formOf, freshTrigger, type TriggerForm } from "./trigger";

export interface Preset {
  pipelineId?: string;
  versionId?: string;
  /** The pipeline of a run that was created from a file directly. */
  spec?: Record<string, Json>;
  alwaysLatest: boolean;
  name: string;
  description: string;
  experimentId?: string;
  isRecurring: boolean;
  trigger: TriggerForm;
  parameters: Parameters;
  pipelineRoot: string;
  serviceAccount: string;
  /** How tasks are run: `auto`, `process` or `container`; empty leaves it to the server. */
  executor: string;
  /** What other plugins of a cloned run were given. */
  plugins: Record<string, Json>;
  /** What was cloned, for the heading. */
  source?: string;
}

/** The parameters of the address are KFP's: `cloneFromRun`, `pipelineId`, ... */
export async function loadPreset(url: UrlState): Promise<Preset> {
  const runId = url["cloneFromRun"];
  const recurringId = url["cloneFromRecurringRun"];
  if (recurringId) {
    const recurring = await queryClient.fetchQuery(getRecurringRun(recurringId));
    const preset = cloned(recurring);
    return {
      ...preset,
      // Without a version it takes the newest each time: whose parameters are shown.
      versionId: preset.versionId ?? (preset.pipelineId ? await newestVersion(preset.pipelineId) : undefined),
      isRecurring: true,
      alwaysLatest: recurring.pipeline_version_reference !== undefined && !recurring.pipeline_version_reference.pipeline_version_id,
      trigger: formOf(recurring.trigger, !recurring.no_catchup, recurring.max_concurrency),
    };
  }
  if (runId) {
    const preset = cloned(await queryClient.fetchQuery(getRun(runId)));
    return { ...preset, isRecurring: url["recurring"] === "1" };
  }
  const pipelineId = url["pipelineId"];
  const versionId = url["pipelineVersionId"] ?? (pipelineId ? await newestVersion(pipelineId) : undefined);
  const name = pipelineId ? runName((await queryClient.fetchQuery(getPipeline(pipelineId))).display_name) : "";
  return {
    pipelineId,
    versionId,
    alwaysLatest: false,
    name,
    description: "",
    experimentId: url["experimentId"],
    isRecurring: url["recurring"] === "1" || url["recurring"] === "true",
    trigger: freshTrigger,
    parameters: {},
    pipelineRoot: "",
    serviceAccount: "",
    executor: "",
    plugins: {},
  };
}

export async function newestVersion(pipelineId: string): Promise<string | undefined> {
  const page = await queryClient.fetchQuery(listVersions(pipelineId, { pageSize: 1, sortBy: "created_at desc" }));
  return page.items[0]?.pipeline_version_id;
}

function cloned(from: Run | RecurringRun): Preset {
  return {
    pipelineId: from.pipeline_version_reference?.pipeline_id,
    versionId: from.pipeline_version_reference?.pipeline_version_id,
    spec: from.pipeline_spec,
    alwaysLatest: false,
    name: cloneName(from.display_name),
    description: from.description ?? "",
    experimentId: from.experiment_id,
    isRecurring: false,
    trigger: freshTrigger,
    parameters: from.runtime_config?.parameters ?? {},
    pipelineRoot: from.runtime_config?.pipeline_root ?? "",
    serviceAccount: from.service_account ?? "",
    executor: executorOf(from) ?? "",
    plugins: from.plugins_input ?? {},
    source: from.display_name,
  };
}

/** What a run's plugins are given: those of a cloned run, and how tasks are run. */
export function pluginsOf(form: Pick<Preset, "executor" | "plugins">): Record<string, Json> | undefined {
  const { pipewright: _, ...others } = form.plugins;
  const plugins = { ...others, ...(form.executor === "" ? {} : { pipewright: { executor: form.executor } }) };
  return Object.keys(plugins).length === 0 ? undefined : plugins;
}

/** "Clone of X", then "Clone (2) of X": the prefix does not pile up. */
export function cloneName(name: string): string {
  const match = /^Clone(?: \((\d+)\))? of (.*)$/s.exec(name);
  return match ? `Clone (${Number(match[1] ?? 1) + 1}) of ${match[2]}` : `Clone of ${name}`;
}

/** A name that tells runs of a pipeline apart: when it was made, to the minute. */
export function runName(pipeline: string, at = new Date()): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${pipeline} ${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}
