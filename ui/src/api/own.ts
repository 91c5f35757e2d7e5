/** Reads of Pipewright's own interface as query options. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { address, get, post, remove, send } from "./client";
import { namespace } from "./namespace";
import type {
  ArtifactPage,
  ArtifactView,
  BoardsView,
  BoardView,
  CompareView,
  ExecutionPage,
  FilePage,
  GraphView,
  HeadView,
  IterationPage,
  LineageView,
  ProgressPage,
  TableView,
  TaskDetailView,
  TaskProgress,
  UsageSeries,
  ResumeAnswer,
  ResumeRequest,
  VisualizationView,
} from "./own-types";
import type { Json } from "./types";

export const own = "apis/pipewright/v1";

const word = encodeURIComponent;
export const taskPath = (run: string, key: string) => `${own}/runs/${word(run)}/tasks/${word(key)}`;

export const getRunGraph = (run: string) =>
  queryOptions({
    queryKey: ["runs", "graph", run],
    queryFn: async ({ signal }) => {
      const view = await get<GraphView>(`${own}/runs/${word(run)}/graph`, undefined, signal);
      if (view.progress_token === undefined) return view;
      const rest = await restOfProgress(run, view.progress_token, signal);
      return { ...view, progress: [...(view.progress ?? []), ...rest] };
    },
    staleTime: Number.POSITIVE_INFINITY,
    enabled: run !== "",
  });

async function restOfProgress(run: string, first: string, signal: AbortSignal): Promise<TaskProgress[]> {
  const tasks: TaskProgress[] = [];
  let token: string | undefined = first;
  while (token !== undefined) {
    const page: ProgressPage = await get(`${own}/runs/${word(run)}/progress`, { under: "root", page_size: 5000, page_token: token }, signal);
    tasks.push(...page.tasks);
    token = page.next_page_token;
  }
  return tasks;
}

/** What is directly inside one iteration. */
export const getProgressUnder = (run: string, key: string) =>
  queryOptions({
    queryKey: ["runs", "progress", run, key],
    queryFn: ({ signal }) => get<ProgressPage>(`${own}/runs/${word(run)}/progress`, { under: key, page_size: 5000 }, signal),
  });

/** More iterations than this are read only when asked for by number. */
export const MOST_ITERATIONS = 5_000;

export const getIterations = (run: string, loop: string) =>
  queryOptions({
    queryKey: ["runs", "iterations", run, loop],
    queryFn: async ({ signal }) => {
      const iterations: TaskProgress[] = [];
      let token: string | undefined;
      let page: IterationPage;
      do {
        page = await get<IterationPage>(`${own}/runs/${word(run)}/iterations`, { task: loop, page_size: 200, page_token: token }, signal);
        iterations.push(...page.iterations);
        token = page.next_page_token;
      } while (token !== undefined && iterations.length < MOST_ITERATIONS);
      return { ...page, iterations };
    },
    placeholderData: keepPreviousData,
  });

export const getVersionGraph = (pipeline: string, version: string) =>
  queryOptions({
    queryKey: ["versions", "graph", pipeline, version],
    queryFn: ({ signal }) => get<GraphView>(`${own}/pipelines/${word(pipeline)}/versions/${word(version)}/graph`, undefined, signal),
    staleTime: Number.POSITIVE_INFINITY,
    enabled: pipeline !== "" && version !== "",
  });

export const getTask = (run: string, key: string) =>
  queryOptions({
    queryKey: ["runs", "task", run, key],
    queryFn: ({ signal }) => get<TaskDetailView>(taskPath(run, key), undefined, signal),
  });

export const getUsage = (run: string, key: string, attempt: number) =>
  queryOptions({
    queryKey: ["runs", "usage", run, key, attempt],
    queryFn: ({ signal }) => get<UsageSeries>(`${taskPath(run, key)}/usage`, { attempt }, signal),
  });

export interface ArtifactFilter {
  sort_by?: string;
  type?: string;
  pipeline?: string;
  run_id?: string;
  name?: string;
}

export const listArtifacts = (filter: ArtifactFilter, page_size: number, page_token?: string) =>
  queryOptions({
    queryKey: ["artifacts", "list", filter, page_size, page_token],
    queryFn: async ({ signal }) => {
      const page = await get<ArtifactPage>(`${own}/artifacts`, { ...filter, page_size, page_token }, signal);
      return { items: page.artifacts, next: page.next_page_token };
    },
    placeholderData: keepPreviousData,
  });

export const getArtifact = (id: string) =>
  queryOptions({
    queryKey: ["artifacts", "one", id],
    queryFn: ({ signal }) => get<ArtifactView>(`${own}/artifacts/${word(id)}`, undefined, signal),
    enabled: id !== "",
    staleTime: 30_000,
  });

export const getArtifactHead = (id: string, path?: string, bytes = 262_144) =>
  queryOptions({
    queryKey: ["artifacts", "head", id, path, bytes],
    queryFn: ({ signal }) => get<HeadView>(`${own}/artifacts/${word(id)}/head`, { path, bytes }, signal),
    staleTime: 60_000,
  });

export const getArtifactTable = (id: string, path?: string, rows = 200) =>
  queryOptions({
    queryKey: ["artifacts", "table", id, path, rows],
    queryFn: ({ signal }) => get<TableView>(`${own}/artifacts/${word(id)}/table`, { path, rows }, signal),
    staleTime: 60_000,
  });

/** Lets tasks go on that wait for somebody, or fail. */
export const answerTasks = (run: string, answer: ResumeRequest) => post<ResumeAnswer>(`${own}/runs/${word(run)}:resume`, answer);

/** Creates the run that draws something of data. */
export const startVisualization = (asked: { type: string; source: string; arguments: Record<string, Json> }) => post<VisualizationView>(`${own}/visualizations`, { ...asked, namespace: namespace() });

export const getBoards = () => queryOptions({ queryKey: ["boards"], queryFn: ({ signal }) => get<BoardsView>(`${own}/tensorboard`, undefined, signal) });
export const startBoard = (folders: BoardView["folders"]) => post<BoardView>(`${own}/tensorboard`, { folders, namespace: namespace() });
export const stopBoard = (id: string) => remove(`${own}/tensorboard/${word(id)}`);

/** The most that is read of what a task wants shown. */
const SHOWN_BYTES = 2_000_000;

/** What lies at an address that a task of the old platform wrote down, as text. */
export const getContentAt = (uri: string) =>
  queryOptions({
    queryKey: ["artifacts", "at", uri],
    queryFn: async ({ signal }) => (await send("GET", "artifacts/get", { query: { ...placeOf(uri), peek: SHOWN_BYTES }, signal })).text(),
    staleTime: 60_000,
    retry: false,
  });

/** Says where an address leads, in the words of Kubeflow's own route for artifacts. */
export function placeOf(uri: string): { source: string; bucket: string; key: string } {
  const match = /^(\w+):\/\/([^/]*)\/?(.*)$/.exec(uri);
  if (match === null) return { source: "file", bucket: "", key: uri };
  const [, scheme = "", bucket = "", key = ""] = match;
  return scheme === "file" ? { source: "file", bucket: "", key: `/${bucket === "" ? key : `${bucket}/${key}`}` } : { source: scheme, bucket, key };
}

export const getArtifactFiles = (id: string, path?: string) =>
  infiniteQueryOptions({
    queryKey: ["artifacts", "files", id, path],
    queryFn: ({ signal, pageParam }) =>
      get<FilePage>(`${own}/artifacts/${word(id)}/files`, { path, page_token: pageParam || undefined }, signal),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_page_token,
    staleTime: 60_000,
  });

export const artifactAddress = (id: string, kind: "content" | "preview", query?: { path?: string; download?: number; view?: number }) =>
  address(`${own}/artifacts/${word(id)}/${kind}`, query);

export const getLineage = (id: string, depth: number, direction: "both" | "up" | "down" = "both") =>
  queryOptions({
    queryKey: ["artifacts", "lineage", id, depth, direction],
    queryFn: ({ signal }) => get<LineageView>(`${own}/artifacts/${word(id)}/lineage`, { depth, direction }, signal),
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });

export interface ExecutionFilter {
  sort_by?: string;
  state?: string;
  run_id?: string;
  name?: string;
  pipeline?: string;
}

export const listExecutions = (filter: ExecutionFilter, page_size: number, page_token?: string) =>
  queryOptions({
    queryKey: ["executions", "list", filter, page_size, page_token],
    queryFn: async ({ signal }) => {
      const page = await get<ExecutionPage>(`${own}/executions`, { ...filter, page_size, page_token }, signal);
      return { items: page.executions, next: page.next_page_token };
    },
    placeholderData: keepPreviousData,
  });

export const compareRuns = (ids: string[]) =>
  queryOptions({
    queryKey: ["compare", ids],
    queryFn: ({ signal }) => get<CompareView>(`${own}/compare`, { run_ids: ids.join(",") }, signal),
    enabled: ids.length >= 2,
    placeholderData: keepPreviousData,
  });
