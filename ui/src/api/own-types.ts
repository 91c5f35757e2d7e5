/** The messages of Pipewright's own interface, `apis/pipewright/v1`. */
import type { Json } from "./types";

export type TaskState = "PENDING" | "RUNNING" | "SUCCEEDED" | "CACHED" | "SKIPPED" | "OMITTED" | "FAILED" | "CANCELED";
export type RunPhase = "PENDING" | "RUNNING" | "CANCELING" | "SUCCEEDED" | "FAILED" | "CANCELED";
export type TaskKind = "dag" | "loop" | "iteration" | "container" | "importer" | "resource" | "suspend";
export type Counts = Partial<Record<TaskState, number>>;

export interface ErrorView {
  reason: string;
  message: string;
  hint?: string;
  exit_code?: number;
}

export interface ParameterView {
  name: string;
  type: string;
  default?: Json;
  optional: boolean;
  literals: Json[];
  description?: string;
}

export interface ArtifactPort {
  name: string;
  type: string;
  version?: string;
  is_list: boolean;
  optional: boolean;
  description?: string;
}

export interface Ports {
  parameters: ParameterView[];
  artifacts: ArtifactPort[];
}

export interface Binding {
  input: string;
  source: "dag_input" | "task_output" | "constant" | "final_status" | "task_config" | "inline";
  task?: string;
  key?: string;
  value?: Json;
  selector?: string;
}

export interface EdgeData {
  output: string;
  input: string;
  kind: "parameter" | "artifact" | "status";
  type?: string;
}

export interface Edge {
  from: string;
  to: string;
  /** Empty: order only. */
  data: EdgeData[];
}

export interface TaskDefinition {
  name: string;
  display_name: string;
  component: string;
  upstream: string[];
  parameters: Binding[];
  artifacts: Binding[];
  condition?: string;
  ready?: string;
  strategy: "all_succeeded" | "none_failed" | "all_completed" | "exit";
  is_exit_handler: boolean;
  loop?: {
    kind: "parameter" | "artifact";
    item_input: string;
    static_items?: Json[];
    static_count?: number;
    items_input?: string;
    parallelism?: number;
  };
  retry?: { max_retries: number; backoff_seconds: number; factor: number; max_backoff_seconds?: number; on: string };
  caching: { enabled: boolean; key?: string; max_age_seconds?: number };
  timeout_seconds?: number;
}

export interface ContainerView {
  image: string;
  command: string[];
  args: string[];
  env: { name: string; value: string }[];
  working_directory?: string;
  resources: Partial<Record<
    "cpu_request" | "cpu_limit" | "memory_request" | "memory_limit" | "accelerator_type" | "accelerator_count",
    string
  >>;
  volumes: { path: string; sub_path?: string; read_only: boolean; kind: string; name?: string; size?: string }[];
  env_from: { kind: string; name?: string; key?: string; variable?: string; optional: boolean }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  service_account?: string;
  placement: Record<string, Json>;
}

export interface ComponentView {
  kind: "dag" | "container" | "importer" | "resource" | "suspend";
  inputs: Ports;
  outputs: Ports;
  dag?: {
    tasks: TaskDefinition[];
    edges: Edge[];
    parallelism?: number;
    outputs: { output: string; kind: "parameter" | "artifact"; sources: { task: string; key: string }[]; one_of: boolean }[];
  };
  container?: ContainerView;
  importer?: { uri: string; type: string; reimport: boolean; metadata: { key: string; value: Json }[] };
  resource?: { action: string; manifest?: string };
  suspend?: { duration?: string; supplied: string[] };
}

export interface RunSummary {
  run_id: string;
  display_name: string;
  state: RunPhase;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  error?: ErrorView;
  experiment_id: string;
  pipeline_id?: string;
  pipeline_version_id?: string;
  pipeline_name: string;
  recurring_run_id?: string;
  archived: boolean;
  counts: Counts;
}

export interface Span {
  kind: "waiting" | "preparing" | "running" | "backoff";
  attempt: number;
  from: string;
  to?: string;
}

export interface TaskProgress {
  key: string;
  parent?: string;
  name: string;
  display_name: string;
  component?: string;
  kind: TaskKind;
  /** Absent: not begun. */
  state?: TaskState;
  iteration?: number;
  item?: Json;
  iterations?: { count: number; counts: Counts };
  created_at?: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  spans: Span[];
  attempts: number;
  note?: string;
  cached_from?: { run_id: string; task: string };
  error?: ErrorView;
}

export interface GraphView {
  name: string;
  display_name?: string;
  description?: string;
  dialect: "v1" | "v2";
  sdk_version?: string;
  root: string;
  parameters: ParameterView[];
  artifact_inputs: ArtifactPort[];
  components: Record<string, ComponentView>;
  settings: {
    timeout_seconds?: number;
    parallelism?: number;
    workspace?: { size?: string };
    retention?: Record<string, Json>;
    default_pipeline_root?: string;
  };
  run?: RunSummary;
  seq?: number;
  progress?: TaskProgress[];
  progress_token?: string;
}

export interface ProgressPage {
  seq: number;
  tasks: TaskProgress[];
  next_page_token?: string;
}

export interface IterationPage {
  seq: number;
  count: number;
  counts: Counts;
  iterations: TaskProgress[];
  next_page_token?: string;
}

export interface ValueView {
  name: string;
  type: string;
  value: Json;
  source?: string;
}

export type Media = "text" | "json" | "csv" | "parquet" | "image" | "html" | "markdown" | "folder" | "binary" | "none";

export interface ArtifactView {
  artifact_id: string;
  name: string;
  type: string;
  uri: string;
  metadata: Record<string, Json>;
  created_at?: string;
  run_id?: string;
  task?: string;
  pipeline_name?: string;
  size?: number;
  is_folder?: boolean;
  exists?: boolean;
  media?: Media;
  consumers?: { run_id: string; task: string; input: string }[];
}

export interface Values {
  parameters: ValueView[];
  artifacts: ArtifactView[];
}

export interface AttemptView {
  number: number;
  state: TaskState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  place?: string;
  executor: string;
  pid?: number;
  image?: string;
  stand_in?: string;
  command?: string[];
  folder?: string;
  note?: string;
  error?: ErrorView;
  exit_code?: number;
  usage?: { cpu_user_seconds: number; cpu_system_seconds: number; peak_memory_bytes: number; wall_seconds: number };
  log?: { size: number } | null;
  has_samples: boolean;
}

/** CPUs, memory and GPUs. */
export interface AmountView {
  cpus: number;
  memory_bytes: number;
  gpus: number;
}

/** Where an attempt stands that waits for room. */
export interface QueueView {
  /** From 1. */
  position: number;
  waiting: number;
  needs: AmountView;
  free: AmountView;
  running_attempts: number;
  most_attempts: number;
}

export interface TaskDetailView extends TaskProgress {
  inputs: Values;
  outputs: Values;
  definition?: TaskDefinition;
  component_view?: ComponentView;
  attempt_list: AttemptView[];
  timeline: { at: string; kind: string; attempt?: number; text: string }[];
  cache: {
    verdict: "hit" | "miss" | "off" | "not_asked";
    text: string;
    source?: { run_id: string; task: string };
    compared_with?: { run_id: string; task: string };
    differences: { field: string; now?: string; before?: string }[];
  };
  waiting?: {
    kind: "upstream" | "room" | "limit" | "preparing" | "backoff" | "cache" | "resume";
    text: string;
    tasks: string[];
    queue?: QueueView;
  };
  suspension?: SuspensionView;
}

export interface AwaitedView {
  name: string;
  description?: string;
  /** The only values allowed, when not empty. */
  choices: string[];
  /** Stands in when nothing is given. */
  default?: string;
  /** What is usual; it has to be given all the same. */
  suggested?: string;
}

export interface SuspensionView {
  /** It can be let go on now. */
  waits: boolean;
  /** When it goes on by itself. */
  until?: string;
  awaited: AwaitedView[];
  /** Who let it go on. */
  by?: string;
  message?: string;
}

export interface UsageSeries {
  interval_seconds: number;
  points: [seconds: number, cpuCores: number, memoryBytes: number][];
}

export interface ArtifactPage {
  artifacts: ArtifactView[];
  next_page_token?: string;
}

export interface FilePage {
  files: { path: string; name: string; is_folder: boolean; size: number }[];
  next_page_token?: string;
}

export interface HeadView {
  media: Media;
  text: string;
  size: number;
  truncated: boolean;
}

export interface TableView {
  columns: { name: string; type?: string }[];
  rows: Json[][];
  total_rows?: number;
  truncated: boolean;
}

export type LineageNode =
  | { kind: "artifact"; id: string; artifact: ArtifactView }
  | { kind: "task"; id: string; run_id: string; task: string; display_name: string; state: TaskState; pipeline_name: string };

export interface LineageView {
  nodes: LineageNode[];
  edges: { from: string; to: string; name: string }[];
  truncated: boolean;
}

export interface ExecutionView {
  run_id: string;
  run_display_name: string;
  pipeline_name: string;
  task: string;
  display_name: string;
  kind: TaskKind;
  state: TaskState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  attempts: number;
}

export interface ExecutionPage {
  executions: ExecutionView[];
  next_page_token?: string;
}

export interface CompareView {
  runs: RunSummary[];
  parameters: { name: string; values: (Json | null)[]; differs: boolean }[];
  metrics: { task: string; artifact: string; metric: string; values: (number | string | null)[]; differs: boolean }[];
  confusion_matrices: { run_id: string; task: string; artifact: string; artifact_id: string; labels: string[]; matrix: number[][] }[];
  roc_curves: {
    run_id: string;
    task: string;
    artifact: string;
    artifact_id: string;
    points: { threshold: number; fpr: number; tpr: number }[];
  }[];
  documents: { run_id: string; task: string; artifact: string; artifact_id: string; kind: "html" | "markdown" }[];
  artifacts: { task: string; name: string; type: string; artifact_ids: (string | null)[]; uris: (string | null)[]; differs: boolean }[];
  tasks: {
    key: string;
    display_name: string;
    states: (TaskState | null)[];
    durations: (number | null)[];
    differs: boolean;
    why: ("state" | "inputs" | "outputs" | "component" | "absent")[];
  }[];
  truncated: boolean;
}

export interface BoardView {
  id: string;
  folders: { name: string; uri: string }[];
  started_at: string;
  /** Where it is, below the server's address. */
  path: string;
}

export interface BoardsView {
  available: boolean;
  /** What is missing. */
  hint?: string;
  boards: BoardView[];
}
