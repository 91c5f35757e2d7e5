/** What the server says of itself, of a pipeline's history, and of who is logged in. */
import { queryOptions } from "@tanstack/react-query";
import { get, post } from "./client";
import { own } from "./own";
import type { AmountView } from "./own-types";
import type { Json } from "./types";

/** The machine that tasks run on. */
export interface MachineView {
  executor: string;
  capacity: AmountView;
  free: AmountView;
  most_attempts: number;
  running_attempts: number;
  waiting_attempts: number;
  /** What `pipewright doctor` says. */
  findings: { name: string; ok: boolean; text: string; hint?: string }[];
}

export interface About {
  version: string;
  started_at: string;
  home: string;
  database_bytes?: number;
  /** Left on the file system of the artifacts. */
  free_bytes?: number;
  /** Of everything in the home folder; absent when there is too much to count in passing. */
  home_bytes?: number;
  live_runs: number;
  /** GPUs that tasks may use. */
  gpus: string[];
  /** Absent when the server drives no runs itself. */
  machine?: MachineView;
  settings: Record<string, Json>;
}

export const getAbout = () =>
  queryOptions({ queryKey: ["about"], queryFn: ({ signal }) => get<About>(`${own}/about`, undefined, signal), staleTime: 60_000, retry: false });

export interface Quantiles {
  p50?: number;
  p90?: number;
  p99?: number;
  mean?: number;
  min?: number;
  max?: number;
}

export interface PipelineStatistics {
  runs: number;
  counts: Record<string, number>;
  durations: Quantiles;
  cache_rate?: number;
  per_task: { name: string; runs: number; failed: number; cached: number; durations: Quantiles }[];
  recent: { run_id: string; state: string; created_at: string; duration_seconds?: number }[];
}

export const getStatistics = (pipelineId: string, days: number) =>
  queryOptions({
    queryKey: ["pipelines", "statistics", pipelineId, days],
    queryFn: ({ signal }) => get<PipelineStatistics>(`${own}/pipelines/${pipelineId}/statistics`, { days }, signal),
  });

export interface WhoAmI {
  authenticated: boolean;
  required: boolean;
  /** Absent until somebody is logged in, as the next two. */
  user?: string;
  method?: "none" | "session" | "token" | "jwt" | "header";
  roles?: Record<string, "viewer" | "editor" | "admin">;
  is_admin?: boolean;
  login?: { password?: boolean; oidc?: { name: string; url: string } };
}

export const getWhoAmI = () =>
  queryOptions({ queryKey: ["whoami"], queryFn: ({ signal }) => get<WhoAmI>(`${own}/whoami`, undefined, signal), staleTime: 60_000, retry: false });
export const logIn = (user: string, password: string) => post<WhoAmI>(`${own}/login`, { user, password });
export const logOut = () => post(`${own}/logout`);
