/** Every read of the interface as query options: one key per thing, so that an event or an action can renew it. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { ApiError, get } from "./client";
import { equals, filterText, type Predicate } from "./filter";
import { namespace } from "./namespace";
import type { Experiment, Healthz, Page, Pipeline, PipelineVersion, RecurringRun, Run } from "./types";

const v2 = "apis/v2beta1";

export interface ListArguments {
  pageSize?: number;
  pageToken?: string;
  sortBy?: string;
  predicates?: (Predicate | undefined | false)[];
  namespace?: string;
}

function listQuery({ pageSize, pageToken, sortBy, predicates, namespace }: ListArguments) {
  const filter = filterText(predicates ?? []);
  return { page_size: pageSize, page_token: pageToken, sort_by: sortBy, filter, namespace };
}

type RawPage<T> = { total_size?: number; next_page_token?: string } & Record<string, T[] | undefined>;

function page<T>(raw: RawPage<T>, name: string): Page<T> {
  return { items: raw[name] ?? [], total: raw.total_size ?? 0, next: raw.next_page_token };
}

function list<T>(resource: string, name: string, path: string, args: ListArguments, extra = {}) {
  return queryOptions({
    queryKey: [resource, "list", path, args, extra],
    queryFn: async ({ signal }) => page<T>(await get(path, { ...listQuery(args), ...extra }, signal), name),
    placeholderData: keepPreviousData,
  });
}

export const listRuns = (args: ListArguments & { experimentId?: string }) => {
  const { experimentId, ...rest } = args;
  const query = list<Run>("runs", "runs", `${v2}/runs`, rest, { experiment_id: experimentId });
  return { ...query, select: (found: Page<Run>) => ({ ...found, items: found.items.map(told) }) };
};

/** The code of an error that stands for an end by request. */
const CANCELLED = 1;

/** Kubeflow's API says FAILED of a run that was stopped, for clients that know no other end; a reader is told which it was. */
export function told(run: Run): Run {
  return run.state === "FAILED" && run.error?.code === CANCELLED ? { ...run, state: "CANCELED" } : run;
}
export const listExperiments = (args: ListArguments) => list<Experiment>("experiments", "experiments", `${v2}/experiments`, args);
/** Lists what is in the namespace, and behind it what all share: everything that can be run. */
export const listUsablePipelines = (args: ListArguments) => {
  const read = (signal: AbortSignal, shared?: string) => get<RawPage<Pipeline>>(`${v2}/pipelines`, listQuery({ ...args, namespace: shared }), signal);
  return queryOptions({
    queryKey: ["pipelines", "list", "usable", args],
    queryFn: async ({ signal }) => {
      const found = [await read(signal), ...(namespace() === undefined ? [] : [await read(signal, "")])].map((raw) => page(raw, "pipelines"));
      return { items: found.flatMap((one) => one.items), total: found.reduce((sum, one) => sum + (one.total ?? 0), 0), next: undefined } as Page<Pipeline>;
    },
    placeholderData: keepPreviousData,
  });
};
export const listPipelines = (args: ListArguments) => list<Pipeline>("pipelines", "pipelines", `${v2}/pipelines`, args);
export const listVersions = (pipelineId: string, args: ListArguments = {}) =>
  list<PipelineVersion>("versions", "pipeline_versions", `${v2}/pipelines/${pipelineId}/versions`, args);
export const listRecurringRuns = (args: ListArguments & { experimentId?: string }) => {
  const { experimentId, ...rest } = args;
  return list<RecurringRun>("recurring-runs", "recurringRuns", `${v2}/recurringruns`, rest, { experiment_id: experimentId });
};

export const getRun = (id: string) =>
  queryOptions({
    queryKey: ["runs", "one", id],
    queryFn: async ({ signal }) => told(await get<Run>(`${v2}/runs/${id}`, undefined, signal)),
    enabled: id !== "",
  });
export const getExperiment = (id: string) =>
  queryOptions({
    queryKey: ["experiments", "one", id],
    queryFn: ({ signal }) => get<Experiment>(`${v2}/experiments/${id}`, undefined, signal),
    enabled: id !== "",
    staleTime: 60_000,
  });
export const getPipeline = (id: string) =>
  queryOptions({
    queryKey: ["pipelines", "one", id],
    queryFn: ({ signal }) => get<Pipeline>(`${v2}/pipelines/${id}`, undefined, signal),
    enabled: id !== "",
    staleTime: 60_000,
  });
/** A version never changes what it does, only what it is called. */
export const getVersion = (pipelineId: string, versionId: string) =>
  queryOptions({
    queryKey: ["versions", "one", pipelineId, versionId],
    queryFn: ({ signal }) => get<PipelineVersion>(`${v2}/pipelines/${pipelineId}/versions/${versionId}`, undefined, signal),
    enabled: pipelineId !== "" && versionId !== "",
    staleTime: 300_000,
  });
export const getRecurringRun = (id: string) =>
  queryOptions({
    queryKey: ["recurring-runs", "one", id],
    queryFn: ({ signal }) => get<RecurringRun>(`${v2}/recurringruns/${id}`, undefined, signal),
    enabled: id !== "",
  });
export const getHealth = () =>
  queryOptions({ queryKey: ["health"], queryFn: ({ signal }) => get<Healthz>(`${v2}/healthz`, undefined, signal), staleTime: 300_000 });

/** Finds an experiment or pipeline by its exact name. */
export async function findByName<T>(resource: "experiments" | "pipelines", name: string, within?: string): Promise<T | undefined> {
  const raw = await get<RawPage<T>>(`${v2}/${resource}`, { filter: filterText([equals("display_name", name)]), page_size: 1, namespace: within });
  return raw[resource]?.[0];
}

/** Whether asking again may help: not when the server has judged the request. */
export function isWorthRetrying(failures: number, error: Error): boolean {
  if (error instanceof ApiError && error.status >= 400 && error.status < 500) return false;
  return failures < 3;
}
