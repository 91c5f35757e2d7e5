/** The messages of API v2beta1 as the page reads them. Fields that the server leaves out when empty are optional. */

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

export interface Status {
  code?: number;
  message?: string;
}

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

export interface VersionReference {
  pipeline_id: string;
  pipeline_version_id?: string;
}

export interface RuntimeConfig {
  parameters?: Parameters;
  pipeline_root?: string;
}

export interface RuntimeStatus {
  update_time: string;
  state: RunState;
  error?: Status;
}

export interface TaskDetail {
  run_id: string;
  task_id: string;
  display_name?: string;
  create_time?: string;
  start_time?: string;
  end_time?: string;
  state?: RunState;
  error?: Status;
  inputs?: Record<string, { artifact_ids?: string[] }>;
  outputs?: Record<string, { artifact_ids?: string[] }>;
  parent_task_id?: string;
  state_history?: RuntimeStatus[];
  child_tasks?: { task_id?: string; pod_name?: string }[];
}

export interface Run {
  experiment_id: string;
  run_id: string;
  display_name: string;
  storage_state?: "AVAILABLE" | "ARCHIVED";
  description?: string;
  pipeline_spec?: Record<string, Json>;
  pipeline_version_reference?: VersionReference;
  runtime_config?: RuntimeConfig;
  service_account?: string;
  plugins_input?: Record<string, Json>;
  created_at: string;
  scheduled_at?: string;
  finished_at?: string;
  state?: RunState;
  error?: Status;
  run_details?: { task_details?: TaskDetail[] };
  recurring_run_id?: string;
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
