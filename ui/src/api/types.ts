/** The messages of API v2beta1 as the page reads them. Fields that the server leaves out when empty are optional. Those
 * that our own routes answer with too are the server's types, see `generated.ts`. */
import type * as wire from "./generated";

export type RunState =
  | "RUNTIME_STATE_UNSPECIFIED"
  | "PENDING"
  | "RUNNING"
  | "SUCCEEDED"
  | "SKIPPED"
  | "FAILED"
  | "CANCELING"
  | "CANCELED"
  | "PAUSED";

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Parameters = Record<string, Json>;

export type Status = wire.Status;

/** A message with fields that the server always fills in. */
type Given<T, Fields extends keyof T> = Omit<T, Fields> & Required<Pick<T, Fields>>;

export interface Experiment {
  experiment_id: string;
  display_name: string;
  description?: string;
  created_at: string;
  namespace?: string;
  storage_state?: "AVAILABLE" | "ARCHIVED";
  last_run_created_at?: string;
}

export interface Pipeline {
  pipeline_id: string;
  display_name: string;
  name?: string;
  description?: string;
  created_at: string;
  namespace?: string;
  error?: Status;
  tags?: Record<string, string>;
}

export interface PipelineVersion {
  pipeline_id: string;
  pipeline_version_id: string;
  display_name: string;
  name?: string;
  description?: string;
  created_at: string;
  package_url?: { pipeline_url?: string };
  code_source_url?: string;
  pipeline_spec?: Record<string, Json>;
  error?: Status;
  tags?: Record<string, string>;
}

export type VersionReference = Given<wire.PipelineVersionReference, "pipeline_id">;
export type RuntimeConfig = Omit<wire.RuntimeConfig, "parameters"> & { parameters?: Parameters };
export type RuntimeStatus = Omit<wire.RuntimeStatus, "state" | "update_time"> & { update_time: string; state: RunState };
export type TaskDetail = Omit<Given<wire.TaskDetail, "run_id" | "task_id">, "state" | "state_history"> & { state?: RunState; state_history?: RuntimeStatus[] };

/** What the pages read of a run, with what is always there, and words instead of any text. */
export type Run = Omit<Given<wire.Run, "experiment_id" | "run_id" | "display_name" | "created_at">, keyof RunWords> & RunWords;
interface RunWords {
  storage_state?: "AVAILABLE" | "ARCHIVED";
  state?: RunState;
  pipeline_spec?: Record<string, Json>;
  pipeline_version_reference?: VersionReference;
  runtime_config?: RuntimeConfig;
  plugins_input?: Record<string, Json>;
  run_details?: { task_details?: TaskDetail[] };
  state_history?: RuntimeStatus[];
}

export interface Trigger {
  cron_schedule?: { start_time?: string; end_time?: string; cron?: string };
  periodic_schedule?: { start_time?: string; end_time?: string; interval_second?: string };
}

export interface RecurringRun {
  recurring_run_id: string;
  display_name: string;
  description?: string;
  pipeline_version_reference?: VersionReference;
  pipeline_spec?: Record<string, Json>;
  runtime_config?: RuntimeConfig;
  service_account?: string;
  plugins_input?: Record<string, Json>;
  max_concurrency?: string;
  trigger?: Trigger;
  mode?: "ENABLE" | "DISABLE" | "MODE_UNSPECIFIED";
  status?: "ENABLED" | "DISABLED" | "STATUS_UNSPECIFIED";
  created_at: string;
  updated_at?: string;
  error?: Status;
  no_catchup?: boolean;
  namespace?: string;
  experiment_id?: string;
}

export interface Page<T> {
  items: T[];
  /** Absent where the server does not count. */
  total?: number;
  next?: string;
}

export interface Healthz {
  commit_sha?: string;
  tag_name?: string;
  multi_user?: boolean;
  pipeline_store?: string;
}
