// Written by `cargo xtask codegen` from the server's types. Change those, not this file.

/** What the server is, and where it keeps things. */
export interface AboutView {
  version: string;
  started_at: string;
  /** The home folder. */
  home: string;
  database_bytes?: number;
  /** Left on the file system of the artifacts. */
  free_bytes?: number;
  /** Of everything in the home folder; absent when there is too much to count in passing. */
  home_bytes?: number;
  /** Runs that are not over. */
  live_runs: number;
  /** GPUs that tasks may use, each one task's at a time. */
  gpus: Array<string>;
  /** Absent when the server drives no runs itself. */
  machine?: MachineView;
  settings: Record<string, unknown>;
}

/** CPUs, memory and GPUs. */
export interface AmountView {
  cpus: number;
  memory_bytes: number;
  gpus: number;
}

/** One artifact of the runs. */
export interface ArtifactComparison {
  task: string;
  name: string;
  type: string;
  artifact_ids: Array<string | null> | null;
  uris: Array<string | null>;
  differs: boolean;
}

/** One artifact under one name; a list of artifacts has several entries of the same name. */
export interface ArtifactDocument {
  name: string;
  artifact_id: string;
  /** The type's title (`system.Metrics`), or its schema when it has no title. */
  type: string;
  uri: string;
  metadata: Record<string, unknown>;
}

/** The artifacts behind one name. */
export interface ArtifactIds {
  artifact_ids?: Array<string>;
}

/** One page of artifacts, newest first. */
export interface ArtifactPage {
  artifacts: Array<ArtifactView>;
  next_page_token?: string;
}

/** An artifact that something takes or hands on. */
export interface ArtifactPort {
  name: string;
  /** The type's title (`system.Model`), or its schema when it has no title. */
  type: string;
  version?: string;
  is_list: boolean;
  optional: boolean;
  description?: string;
}

/** One artifact. */
export interface ArtifactRow {
  id: string;
  name: string;
  type: ArtifactTypeRow;
  uri: string;
  metadata?: Record<string, unknown>;
  /** The path inside of the recorded artifact that is meant. */
  part?: string;
}

/** The type of an artifact. */
export interface ArtifactTypeRow {
  schema_title?: string;
  schema_version?: string;
  schema_uri?: string;
  instance_schema?: string;
}

/** An artifact; what is known only after a look at it comes with its details alone. */
export interface ArtifactView {
  artifact_id: string;
  name: string;
  /** The type's title (`system.Model`), or its schema when it has no title. */
  type: string;
  uri: string;
  metadata: Record<string, unknown>;
  created_at?: string;
  /** What made it. */
  run_id?: string;
  task?: string;
  pipeline_name?: string;
  /** In bytes; of a folder all of its files'. */
  size?: number;
  is_folder?: boolean;
  exists?: boolean;
  media?: Media;
  consumers?: Array<ConsumerView>;
}

/** One attempt at a task. */
export interface AttemptDetail {
  number: number;
  state: TaskState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  /** Where it ran: `process 4711` */
  place?: string;
  /** The kind of executor: `process`, `container`, `registry` or `unknown` */
  executor: string;
  pid?: number;
  image?: string;
  note?: string;
  error?: ErrorView;
  exit_code?: number;
  usage?: UsageView;
  /** Absent when nothing was written. */
  log?: LogView;
  /** Its use of the machine over time is known. */
  has_samples: boolean;
}

/** One attempt at a task. */
export interface AttemptDocument {
  number: number;
  state: string;
  place?: string;
  error?: ErrorView;
  usage?: UsageDocument;
}

/** One attempt at a task. */
export interface AttemptRow {
  number: number;
  phase: string;
  created_at: number;
  preparing_at?: number;
  started_at: number | null;
  ended_at: number | null;
  place: string | null;
  note: string | null;
  failure: ErrorView | null;
  usage: UsageDocument | null;
}

/** One request that changed something, or was refused to. */
export interface AuditEntryView {
  number: number;
  at: string;
  user: string;
  /** How they were known: `session`, `token ci`. */
  method: string;
  verb: string;
  resource: string;
  namespace: string;
  path: string;
  /** HTTP status of the answer. */
  status: number;
}

/** The newest entries of the audit log, newest first. */
export interface AuditPage {
  entries: Array<AuditEntryView>;
}

/** A value that a waiting task expects. */
export interface AwaitedView {
  name: string;
  description?: string;
  /** The only values allowed, when not empty. */
  choices: Array<string>;
  /** Stands in when nothing is given. */
  default?: string;
  /** What is usual; it has to be given all the same. */
  suggested?: string;
}

export type BTreeMap = Record<string, number>;

/** Where an input's value comes from. */
export interface Binding {
  input: string;
  source: SourceView;
  /** The sibling, of an output or a final status. */
  task?: string;
  /** The sibling's output, or the input of the dag around. */
  key?: string;
  /** Of a constant; placeholders are written out. */
  value?: unknown;
  /** An expression that is applied to the value. */
  selector?: string;
}

/** What one reads. */
export interface BoardFolder {
  /** How it is called in the charts. */
  name: string;
  /** As a task wrote it down: `/path`, `file:///path` or `volume://claim/path`. */
  uri: string;
}

/** One that runs. */
export interface BoardView {
  id: string;
  folders: Array<BoardFolder>;
  started_at: string;
  /** Where it is, below the server's address. */
  path: string;
}

/** The TensorBoards that run now, and whether one can be started. */
export interface BoardsView {
  available: boolean;
  /** What is missing. */
  hint?: string;
  boards: Array<BoardView>;
}

/** A field of the cache's key that differs. */
export interface CacheDifference {
  field: string;
  now?: string;
  before?: string;
}

/** Why a task took an earlier result or did not. */
export interface CacheExplanation {
  verdict: CacheVerdict;
  text: string;
  /** Whose result was taken. */
  source?: TaskReference;
  /** The newest earlier result of the task, which did not fit. */
  compared_with?: TaskReference;
  differences: Array<CacheDifference>;
}

/** The task of an earlier run, as `pipewright_engine::CacheSource` is written. */
export interface CacheReference {
  run: string;
  /** The task's path in the run. */
  task: string;
}

/** How it went. */
export type CacheVerdict = "hit" | "miss" | "off" | "not_asked";

/** Whether earlier results count. */
export interface CachingView {
  enabled: boolean;
  key?: string;
  max_age_seconds?: number;
}

/** What can change. */
export type ChangeKind = "runs" | "experiments" | "pipelines" | "recurring_runs";

/** What a document is worth, without anything being kept. */
export interface CheckView {
  /** It can be uploaded. */
  ok: boolean;
  graph?: GraphView;
  /** Every mistake and oddity, in the order of the text. */
  diagnostics: Array<DiagnosticView>;
}

/** Something inside a task: another task, or where an attempt ran. Only one of the two is set. */
export interface ChildTask {
  task_id?: string;
  pod_name?: string;
}

/** A column; the first line of separated values names them. */
export interface ColumnView {
  name: string;
  type?: string;
}

/** Runs side by side. */
export interface CompareView {
  runs: Array<RunSummary>;
  parameters: Array<ParameterComparison>;
  metrics: Array<MetricComparison>;
  confusion_matrices: Array<ConfusionMatrixView>;
  roc_curves: Array<RocCurveView>;
  documents: Array<DocumentReference>;
  artifacts: Array<ArtifactComparison>;
  tasks: Array<TaskComparison>;
  /** Some run has more tasks than were looked at. */
  truncated: boolean;
}

/** What stands behind a component. */
export type ComponentKindView = "dag" | "container" | "importer" | "resource" | "suspend";

/** One component; the part that its kind names is present. */
export interface ComponentView {
  kind: ComponentKindView;
  inputs: PortsView;
  outputs: PortsView;
  dag?: DagView;
  container?: ContainerView;
  importer?: ImporterView;
  resource?: ResourceView;
  suspend?: SuspendView;
}

/** How often each class was taken for which. */
export interface ConfusionMatrixView {
  run_id: string;
  task: string;
  artifact: string;
  artifact_id: string;
  labels: Array<string>;
  matrix: Array<Array<number>>;
}

/** A task that took an artifact. */
export interface ConsumerView {
  run_id: string;
  task: string;
  input: string;
}

/** A command in an image; placeholders are written out. */
export interface ContainerView {
  image: string;
  command: Array<string>;
  args: Array<string>;
  env: Array<EnvView>;
  working_directory?: string;
  resources: ResourcesView;
  volumes: Array<VolumeView>;
  /** Variables whose values are not in the pipeline. */
  env_from: Array<EnvFromView>;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  service_account?: string;
  /** Placement, pull and security settings as the document gives them; a container follows the latter two. */
  placement: Record<string, unknown>;
}

/** A user's name and password. */
export interface Credentials {
  user: string;
  password: string;
}

/** Tasks and what flows between them. */
export interface DagView {
  tasks: Array<TaskDefinition>;
  edges: Array<Edge>;
  /** Tasks of one instance that run at once. */
  parallelism?: number;
  outputs: Array<OutputSource>;
}

/** One mistake or oddity. */
export interface DiagnosticView {
  severity: SeverityView;
  /** Counts from 1. */
  line?: number;
  /** In characters, counts from 1. */
  column?: number;
  /** Where in the structure: `root.dag.tasks.train.inputs` */
  path?: string;
  message: string;
  hint?: string;
}

/** The file format that a pipeline came in. */
export type DialectView = "v1" | "v2";

/** What differs between runs of a task. */
export type DifferenceKind = "absent" | "state" | "inputs" | "outputs" | "component";

/** The kinds of documents. */
export type DocumentKind = "html" | "markdown";

/** HTML or Markdown that a task left. */
export interface DocumentReference {
  run_id: string;
  task: string;
  artifact: string;
  artifact_id: string;
  kind: DocumentKind;
}

/** One task waits for another; `data` says what flows. Both are tasks of the same dag. */
export interface Edge {
  from: string;
  to: string;
  /** Empty: the order is all that counts. */
  data: Array<EdgeData>;
}

/** One value that flows along an edge. */
export interface EdgeData {
  output: string;
  input: string;
  kind: FlowKind;
  /** The type of the output that flows. */
  type?: string;
}

/** The kinds of such variables. */
export type EnvFromKind = "secret" | "config_map" | "all_of_secret" | "all_of_config_map" | "field";

/** A variable, or all variables, of an object. */
export interface EnvFromView {
  kind: EnvFromKind;
  /** The object's name. */
  name?: string;
  /** The object's key, or the field of the pod. */
  key?: string;
  /** The variable's name, or what is put in front of all names. */
  variable?: string;
  optional: boolean;
}

/** An environment variable. */
export interface EnvView {
  name: string;
  value: string;
}

/** Why something failed and what can be done about it. */
export interface ErrorView {
  /** `exit_code`, `signal`, `out_of_memory`, `output`, `not_started`, `refused`, `lost`, `timed_out`, `cancelled`, `resolve`, `inner` or `declined`. */
  reason: string;
  message: string;
  hint?: string;
  exit_code?: number;
}

/** One page of executions; a filtered page may hold few and still have a next one. */
export interface ExecutionPage {
  executions: Array<ExecutionView>;
  next_page_token?: string;
}

/** A task instance that has nothing inside. */
export interface ExecutionView {
  run_id: string;
  run_display_name: string;
  pipeline_name: string;
  task: string;
  display_name: string;
  kind: TaskKindView;
  state: TaskState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  attempts: number;
}

/** Some entries of a folder, folders first, by name. */
export interface FilePage {
  files: Array<FileView>;
  next_page_token?: string;
}

/** One entry. */
export interface FileView {
  /** In the artifact. */
  path: string;
  name: string;
  is_folder: boolean;
  /** In bytes; 0 of a folder. */
  size: number;
}

/** Something that the machine has or lacks. */
export interface FindingView {
  name: string;
  ok: boolean;
  text: string;
  /** How to get what is missing. */
  hint?: string;
}

/** What a cache entry is found by. */
export interface FingerprintRow {
  key: string;
  document: Record<string, string>;
}

/** What can flow. */
export type FlowKind = "parameter" | "artifact" | "status";

/** Lines that were written. */
export interface FollowedLines {
  /** The number of the first of them. */
  first: number;
  lines: Array<string>;
  total_lines: number;
  /** Bytes of the whole log. */
  size: number;
}

/** A pipeline to draw and to fill a form from; of a run, with how far it is. */
export interface GraphView {
  name: string;
  display_name?: string;
  description?: string;
  dialect: DialectView;
  sdk_version?: string;
  /** The entry component's name. */
  root: string;
  /** What a run is asked for. */
  parameters: Array<ParameterView>;
  artifact_inputs: Array<ArtifactPort>;
  components: Record<string, ComponentView>;
  settings: SettingsView;
  run?: RunSummary;
  /** How many events of the run's journal are in this answer: a stream of events goes on from here. */
  seq?: number;
  /** Task instances that are not inside a loop, in the order in which they came to be. */
  progress?: Array<TaskProgress>;
  /** There are more: `progress?under=root&page_token=…` */
  progress_token?: string;
}

/** The beginning of a content. */
export interface HeadView {
  media: Media;
  /** Empty when the content is no text. */
  text: string;
  /** Of the whole, in bytes. */
  size: number;
  truncated: boolean;
}

/** Registers bytes that exist already. */
export interface ImporterView {
  uri: string;
  type: string;
  reimport: boolean;
  metadata: Array<MetadataView>;
}

/** How far the iterations of a loop are. */
export interface IterationCounts {
  count: number;
  /** Those that have begun, by state. */
  counts: BTreeMap;
}

/** Some iterations of a loop, by index. */
export interface IterationPage {
  seq: number;
  /** Of the whole loop. */
  count: number;
  /** Of all that have begun, by state. */
  counts: BTreeMap;
  iterations: Array<TaskProgress>;
  next_page_token?: string;
}

/** Something flowed from one node to another, under that name. */
export interface LineageEdge {
  from: string;
  to: string;
  name: string;
}

/** An artifact or a task; the fields of its kind are present. */
export interface LineageNode {
  kind: LineageNodeKind;
  /** The artifact's id, or the run's id, a slash and the task's path. */
  id: string;
  artifact?: ArtifactView;
  run_id?: string;
  task?: string;
  display_name?: string;
  state?: TaskState;
  pipeline_name?: string;
}

/** What a node stands for. */
export type LineageNodeKind = "artifact" | "task";

/** Artifacts and tasks with what flowed between them. */
export interface LineageView {
  nodes: Array<LineageNode>;
  edges: Array<LineageEdge>;
  /** There is more than was looked at. */
  truncated: boolean;
}

/** Some objects of one kind are new, others or gone. */
export interface ListChange {
  kind: ChangeKind;
  /** Empty: many. */
  ids: Array<string>;
}

/** A lock by its name; one of a certain size says which config map has that. */
export interface LockRow {
  name: string;
  size?: LockSizeRow;
}

export interface LockSizeRow {
  namespace: string;
  config_map: string;
  key: string;
}

/** The locks of a task, as `pipewright_engine::Locks` are written. */
export interface LocksRow {
  claims: Array<LockRow>;
  wanted_at: number;
  acquired_at?: number;
  /** The first that was not to be had. */
  lock?: string;
  message?: string;
}

/** One line. */
export interface LogLine {
  offset: number;
  text: string;
  /** Its whole length in bytes, when only the beginning is here. */
  cut?: number;
}

/** Some lines of a log. */
export interface LogLines {
  attempt: number;
  /** Bytes of the whole log. */
  size: number;
  total_lines: number;
  /** The attempt has ended: there will be no more. */
  complete: boolean;
  /** The number of the first of these lines. */
  first: number;
  lines: Array<LogLine>;
}

/** One place. */
export interface LogMatch {
  line: number;
  offset: number;
  /** In the text, in UTF-16 units. */
  start: number;
  end: number;
  text: string;
}

/** Where a log has what was looked for. */
export interface LogMatches {
  matches: Array<LogMatch>;
  /** The line to go on at; absent when all was searched. */
  next?: number;
  total_lines: number;
}

/** An attempt's log. */
export interface LogView {
  /** In bytes. */
  size: number;
}

/** How one can log in. */
export interface LoginWays {
  password: boolean;
  oidc?: ProviderView;
}

/** Whether a loop goes over values or over artifacts. */
export type LoopKindView = "parameter" | "artifact";

/** The items of a loop. */
export interface LoopView {
  kind: LoopKindView;
  /** The component's input that receives the item. */
  item_input: string;
  /** The first items, when they stand in the pipeline. */
  static_items?: Array<unknown>;
  static_count?: number;
  /** The task's input that is the list, when they do not. */
  items_input?: string;
  /** Iterations at once. */
  parallelism?: number;
}

/** The machine that tasks run on. */
export interface MachineView {
  /** How tasks are run: `process`, `container` or `auto`, which chooses. */
  executor: string;
  capacity: AmountView;
  free: AmountView;
  /** Attempts at once, whatever they ask for. */
  most_attempts: number;
  running_attempts: number;
  waiting_attempts: number;
  /** What `pipewright doctor` says. */
  findings: Array<FindingView>;
}

/** What a content can be shown as. */
export type Media = "text" | "json" | "csv" | "parquet" | "image" | "html" | "markdown" | "folder" | "binary" | "none";

/** One entry of metadata. */
export interface MetadataView {
  key: string;
  value: unknown;
}

/** One number of the runs. */
export interface MetricComparison {
  task: string;
  artifact: string;
  metric: string;
  /** Null: that run has none. */
  values: Array<unknown>;
  differs: boolean;
}

/** The namespaces in which somebody has a role. */
export interface NamespaceList {
  /** Things are apart by namespace on this server. */
  multi_user: boolean;
  namespaces: Array<NamespaceView>;
  /** The role in every other one, also in one that is not there yet: it comes to be with the first thing in it. */
  everywhere?: Role;
}

/** One namespace. */
export interface NamespaceView {
  name: string;
  role: Role;
}

/** Objects of the registry. */
export interface ObjectList {
  objects: Array<ObjectManifest>;
}

/** An object of the registry, as Kubernetes writes it. */
export interface ObjectManifest {
  apiVersion: string;
  kind: string;
  metadata: ObjectMetadata;
}

/** What every object says of itself. More may be there. */
export interface ObjectMetadata {
  name?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Where an output of a dag comes from. */
export interface OutputSource {
  output: string;
  kind: FlowKind;
  sources: Array<SourcePort>;
  /** The first of these that there is, not all of them. */
  one_of: boolean;
}

/** One parameter of the runs. */
export interface ParameterComparison {
  name: string;
  /** Null: that run has none. */
  values: Array<unknown>;
  differs: boolean;
}

/** A parameter's type by the name that the format has for it. */
export type ParameterTypeView = "NUMBER_DOUBLE" | "NUMBER_INTEGER" | "STRING" | "BOOLEAN" | "LIST" | "STRUCT" | "TASK_FINAL_STATUS" | "TASK_CONFIG" | "ANY";

/** A parameter that something takes or hands on. */
export interface ParameterView {
  name: string;
  type: ParameterTypeView;
  default?: unknown;
  optional: boolean;
  /** The only values allowed, when not empty. */
  literals: Array<unknown>;
  description?: string;
}

/** Names the version that a run executes. */
export interface PipelineVersionReference {
  pipeline_id?: string;
  pipeline_version_id?: string;
}

/** What a component takes, or what it hands on. */
export interface PortsView {
  parameters: Array<ParameterView>;
  artifacts: Array<ArtifactPort>;
}

/** Some of a run's tasks. */
export interface ProgressPage {
  seq: number;
  tasks: Array<TaskProgress>;
  next_page_token?: string;
}

/** An identity provider. */
export interface ProviderView {
  name: string;
  /** Where a browser goes to log in. */
  url: string;
}

/** Durations in seconds; empty without any. */
export interface Quantiles {
  p50?: number;
  p90?: number;
  p99?: number;
  mean?: number;
  min?: number;
  max?: number;
}

/** Where an attempt stands that waits for room. */
export interface QueueView {
  /** From 1. */
  position: number;
  /** How many wait. */
  waiting: number;
  needs: AmountView;
  free: AmountView;
  running_attempts: number;
  most_attempts: number;
}

/** One of the newest runs. */
export interface RecentRun {
  run_id: string;
  state: RunState;
  created_at: string;
  duration_seconds?: number;
}

/** Who let a task go on, and what they said to it. */
export interface ReleasedRow {
  by?: string;
  message?: string;
}

/** Acts on an object. */
export interface ResourceView {
  /** `create`, `apply`, `get`, `patch`, `replace`, `delete`, `create_claim` or `delete_claim` */
  action: string;
  manifest?: string;
}

/** What a task asks of the machine, in Kubernetes' notation. */
export interface ResourcesView {
  cpu_request?: string;
  cpu_limit?: string;
  memory_request?: string;
  memory_limit?: string;
  accelerator_type?: string;
  accelerator_count?: string;
}

/** Which tasks go on. */
export interface ResumeAnswer {
  tasks: Array<string>;
}

/** Which tasks go on, and with what. */
export interface ResumeRequest {
  /** Waiting tasks by their path, or dags and loops around them. None: all that wait. */
  tasks?: Array<string>;
  /** Values of the outputs that they expect; those with a default may be left out. */
  parameters?: Record<string, unknown>;
  /** The answer is no: they fail. */
  decline?: boolean;
  /** What is said to it. */
  message?: string;
}

/** Which ends of an attempt are worth another. */
export type RetryOnView = "any" | "failure" | "error";

/** How to do a run again. */
export interface RetryRequest {
  /** Tasks to do again, by their path; with them everything that depends on them. None: what failed. */
  tasks?: Array<string>;
  /** Parameters that are others than before. With any, the retry is a new run: what they do not touch is taken from the cache, except for the chosen tasks and what depends on them. */
  parameters?: Record<string, unknown>;
  /** Of the new run. */
  display_name?: string;
}

/** Attempts after the first. */
export interface RetryView {
  max_retries: number;
  backoff_seconds: number;
  factor: number;
  max_backoff_seconds?: number;
  on: RetryOnView;
}

/** A receiver operating characteristic. */
export interface RocCurveView {
  run_id: string;
  task: string;
  artifact: string;
  artifact_id: string;
  points: Array<RocPoint>;
}

/** One point of it. */
export interface RocPoint {
  threshold: number;
  fpr: number;
  tpr: number;
}

/** What somebody may do; each role may do what those before it may. */
export type Role = "viewer" | "editor" | "admin";

/** One execution of a pipeline. */
export interface Run {
  experiment_id?: string;
  run_id?: string;
  display_name?: string;
  storage_state?: string;
  description?: string;
  /** Deprecated upstream and ignored there as here. */
  pipeline_version_id?: string;
  pipeline_spec?: unknown;
  pipeline_version_reference?: PipelineVersionReference;
  runtime_config?: RuntimeConfig;
  service_account?: string;
  created_at?: string;
  scheduled_at?: string;
  /** The epoch until the run has ended. */
  finished_at?: string;
  state?: string;
  error?: Status;
  run_details?: RunDetails;
  recurring_run_id?: string;
  state_history?: Array<RuntimeStatus>;
  plugins_input?: Record<string, unknown>;
  plugins_output?: Record<string, unknown>;
}

/** What is known of a run's tasks. */
export interface RunDetails {
  task_details?: Array<TaskDetail>;
}

/** A run with its outputs and its tasks' inputs and outputs by value. */
export type RunDocument = Run & {
  /** What the pipeline itself hands on. */
  outputs: ValuesDocument;
  tasks: Array<TaskDocument>;
};

/** How far a run is. Unlike the API of the field it tells a cancelled run from a failed one. */
export type RunState = "PENDING" | "RUNNING" | "CANCELING" | "SUCCEEDED" | "FAILED" | "CANCELED";

/** A run at a glance. */
export interface RunSummary {
  run_id: string;
  display_name: string;
  state: RunState;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  /** From its creation to its end. */
  duration_seconds?: number;
  error?: ErrorView;
  experiment_id: string;
  pipeline_id?: string;
  pipeline_version_id?: string;
  pipeline_name: string;
  recurring_run_id?: string;
  archived: boolean;
  /** Tasks that run, import or act on an object, by state; those that have not begun are in none. */
  counts: BTreeMap;
}

/** What a run was given. */
export interface RuntimeConfig {
  parameters?: Record<string, unknown>;
  pipeline_root?: string;
}

/** A state and since when it holds. */
export interface RuntimeStatus {
  update_time?: string;
  state?: string;
  error?: Status;
}

/** Settings of the whole pipeline. */
export interface SettingsView {
  timeout_seconds?: number;
  parallelism?: number;
  workspace?: WorkspaceView;
  /** Clean-up times as the document gives them; not applied off a cluster. */
  retention: Record<string, unknown>;
  default_pipeline_root?: string;
}

/** Whether a document can still be used. */
export type SeverityView = "error" | "warning";

/** An output of a task. */
export interface SourcePort {
  task: string;
  key: string;
}

/** The kinds of sources. */
export type SourceView = "dag_input" | "task_output" | "constant" | "final_status" | "task_config" | "inline";

/** A stretch of a task's time. */
export interface Span {
  kind: SpanKind;
  attempt: number;
  from: string;
  /** Absent: it goes on. */
  to?: string;
}

/** What a task's time goes into. */
export type SpanKind = "waiting" | "preparing" | "running" | "backoff";

/** Which folders to show. */
export interface StartBoard {
  /** Where they are, in multi-user mode. */
  namespace?: string;
  folders: Array<BoardFolder>;
}

/** How the newest runs of a pipeline went. */
export interface StatisticsView {
  runs: number;
  counts: Record<string, number>;
  /** Of runs that succeeded, from creation to end. */
  durations: Quantiles;
  /** The share of tasks that could have run and took an earlier result. */
  cache_rate?: number;
  /** Of the newest runs; iterations of a loop count as one task. */
  per_task: Array<TaskStatistics>;
  recent: Array<RecentRun>;
}

/** An error inside a message, with a gRPC code. */
export interface Status {
  code?: number;
  message?: string;
  details?: Array<unknown>;
}

/** When a task fires once its upstream has ended. */
export type StrategyView = "all_succeeded" | "none_failed" | "all_completed" | "exit";

/** Waits for a time, or for somebody. */
export interface SuspendView {
  /** As it is written; absent: until somebody lets it go on. */
  duration?: string;
  /** Outputs that are given by whoever lets it go on. */
  supplied: Array<string>;
}

/** The wait of a task. */
export interface SuspensionRow {
  until?: number;
  released?: ReleasedRow;
}

/** The wait of a task. */
export interface SuspensionView {
  /** It can be let go on now. */
  waits: boolean;
  /** When it goes on by itself. */
  until?: string;
  /** What whoever lets it go on gives. */
  awaited: Array<AwaitedView>;
  /** Who let it go on. */
  by?: string;
  message?: string;
}

/** The beginning of a table. */
export interface TableView {
  columns: Array<ColumnView>;
  rows: Array<Array<unknown>>;
  /** Known when the whole table was read. */
  total_rows?: number;
  truncated: boolean;
}

/** One task of the runs. */
export interface TaskComparison {
  key: string;
  display_name: string;
  states: Array<TaskState | null>;
  /** In seconds. */
  durations: Array<number | null>;
  differs: boolean;
  why: Array<DifferenceKind>;
}

/** One use of a component inside a dag. */
export interface TaskDefinition {
  name: string;
  display_name: string;
  component: string;
  upstream: Array<string>;
  parameters: Array<Binding>;
  artifacts: Array<Binding>;
  /** False skips the task. */
  condition?: string;
  /** Replaces the strategy (`depends` of a workflow); false omits the task. */
  ready?: string;
  strategy: StrategyView;
  /** It cleans up after the others, however they end. */
  is_exit_handler: boolean;
  loop?: LoopView;
  retry?: RetryView;
  caching: CachingView;
  timeout_seconds?: number;
}

/** One task or one iteration of a loop. */
export interface TaskDetail {
  run_id?: string;
  /** The task's path in the run: `root/for-each[3]/train`. */
  task_id?: string;
  display_name?: string;
  create_time?: string;
  start_time?: string;
  end_time?: string;
  state?: string;
  error?: Status;
  inputs?: Record<string, ArtifactIds>;
  outputs?: Record<string, ArtifactIds>;
  parent_task_id?: string;
  state_history?: Array<RuntimeStatus>;
  child_tasks?: Array<ChildTask>;
}

/** Everything about one task instance. */
export type TaskDetailView = TaskProgress & {
  inputs: ValuesView;
  outputs: ValuesView;
  definition?: TaskDefinition;
  component_view?: ComponentView;
  attempt_list: Array<AttemptDetail>;
  timeline: Array<TimelineEntry>;
  cache: CacheExplanation;
  /** Why it does not go on, when it waits. */
  waiting?: WaitingView;
  /** Of a task that waits for a time or for somebody, or did. */
  suspension?: SuspensionView;
};

/** One task or one iteration. */
export interface TaskDocument {
  /** The same as `task_id` in `run_details`. */
  task_id: string;
  display_name: string;
  /** `dag`, `loop`, `iteration`, `container`, `importer`, `resource` or `suspend`. */
  kind: string;
  /** The API's word, and two that the API has not: `CACHED` for an earlier result taken again, `OMITTED` for a task that never fired because of what happened upstream. */
  state: string;
  iteration?: number;
  iteration_count?: number;
  created_at: string;
  started_at?: string;
  ended_at?: string;
  duration_seconds?: number;
  inputs: ValuesDocument;
  outputs: ValuesDocument;
  error?: ErrorView;
  /** The run and the task whose earlier result was taken. */
  cached_from?: CacheReference;
  attempts: Array<AttemptDocument>;
}

/** The kinds of task instances. */
export type TaskKindView = "dag" | "loop" | "iteration" | "container" | "importer" | "resource" | "suspend";

/** How far one task instance is. */
export interface TaskProgress {
  /** Its path in the run: `root/for-each[3]/train` */
  key: string;
  parent?: string;
  name: string;
  display_name: string;
  component?: string;
  kind: TaskKindView;
  /** Absent: it has not begun. */
  state?: TaskState;
  iteration?: number;
  /** Of an iteration in a list of them; a long one is cut and is a text then. */
  item?: unknown;
  /** Of a loop. */
  iterations?: IterationCounts;
  created_at?: string;
  started_at?: string;
  ended_at?: string;
  /** From its start to its end. */
  duration_seconds?: number;
  /** What its time went into, in order. */
  spans: Array<Span>;
  attempts: number;
  /** What is being prepared just now. */
  note?: string;
  cached_from?: TaskReference;
  error?: ErrorView;
}

/** A task of some run. */
export interface TaskReference {
  run_id: string;
  /** The task's path in the run: `root/for-each[3]/train` */
  task: string;
}

/** One task instance, as `pipewright_engine::TaskView` is written. Instants are microseconds since 1970; a field that says nothing is null. */
export interface TaskRow {
  run: string;
  /** The task's path in the run: `root/for-each[3]/train` */
  key: string;
  parent: string | null;
  name: string;
  display_name: string;
  /** `dag`, `loop`, `iteration`, `container`, `importer`, `resource` or `suspend`. */
  kind: string;
  /** `pending`, `running`, `succeeded`, `cached`, `skipped`, `omitted`, `failed` or `cancelled`. */
  phase: string;
  iteration: number | null;
  iteration_count: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  inputs: ValueRows;
  outcome: ValueRows;
  error: ErrorView | null;
  fingerprint: FingerprintRow | null;
  cached_from: CacheReference | null;
  attempts: Array<AttemptRow>;
  /** Of a task that waits, or did. */
  suspension?: SuspensionRow;
  /** Of a task that holds locks, did, or waits for them. */
  locks?: LocksRow;
}

/** How far a task is. Unlike the API of the field it tells an earlier result and a task that never fired apart. */
export type TaskState = "PENDING" | "RUNNING" | "SUCCEEDED" | "CACHED" | "SKIPPED" | "OMITTED" | "FAILED" | "CANCELED";

/** How one task went. */
export interface TaskStatistics {
  /** Its path without the root and without iterations. */
  name: string;
  runs: number;
  failed: number;
  cached: number;
  /** Of those that succeeded, from start to end. */
  durations: Quantiles;
}

/** Something that happened to a task. */
export interface TimelineEntry {
  at: string;
  /** `created`, `planned`, `preparing`, `started`, `ended`, `cached`, `suspended`, `resumed`, `finished` */
  kind: string;
  attempt?: number;
  text: string;
}

/** What an attempt used, as `pipewright_plan::Usage` is written: microseconds, of instants since 1970. */
export interface UsageDocument {
  started_at_us: number;
  ended_at_us: number;
  cpu_user_us: number;
  cpu_system_us: number;
  peak_memory_bytes: number;
}

/** Use of the machine over time. */
export interface UsageOverTime {
  attempt: number;
  /** The attempt has ended: there will be no more. */
  complete: boolean;
  /** From one point to the next, about; 0 without points. */
  interval_seconds: number;
  /** Seconds since the command was started, CPUs in use since the point before, bytes of resident memory (the most since then). At most 600. */
  points: Array<Array<unknown>>;
}

/** What an attempt used. */
export interface UsageView {
  cpu_user_seconds: number;
  cpu_system_seconds: number;
  peak_memory_bytes: number;
  wall_seconds: number;
}

/** Parameters by value, artifacts as lists. */
export interface ValueRows {
  parameters?: Record<string, unknown>;
  artifacts?: Record<string, Array<ArtifactRow>>;
}

/** One parameter. */
export interface ValueView {
  name: string;
  type: ParameterTypeView;
  value: unknown;
  /** Where it comes from: `pipeline input x`, `task.output`. */
  source?: string;
}

/** Parameters by value, artifacts with where they lie. */
export interface ValuesDocument {
  parameters: Record<string, unknown>;
  artifacts: Array<ArtifactDocument>;
}

/** Parameters by value, artifacts with where they lie. */
export interface ValuesView {
  parameters: Array<ValueView>;
  /** A list of artifacts has several entries of the same name. */
  artifacts: Array<ArtifactView>;
}

/** What is to be drawn. */
export interface VisualizationRequest {
  /** Where its run goes, in multi-user mode. */
  namespace?: string;
  /** `ROC_CURVE`, `TFDV`, `TFMA`, `TABLE` or `CUSTOM`. */
  type?: string;
  /** Where its data lie; `*` may stand in its last parts. */
  source?: string;
  /** What the type takes, `code` of `CUSTOM` among it. */
  arguments?: Record<string, unknown>;
}

/** Where it is drawn. */
export interface VisualizationView {
  run_id: string;
  /** The task that draws. */
  task: string;
  /** Which of its outputs is the page. */
  output: string;
}

/** The kinds of volumes. */
export type VolumeKindView = "claim" | "secret" | "config_map" | "empty_dir" | "ephemeral" | "workspace" | "host_path" | "projected";

/** A volume, and where the task sees it. */
export interface VolumeView {
  path: string;
  sub_path?: string;
  read_only: boolean;
  kind: VolumeKindView;
  /** The object behind it, or the volume's own name. */
  name?: string;
  size?: string;
}

/** The kinds of reasons. */
export type WaitKind = "upstream" | "room" | "limit" | "preparing" | "backoff" | "cache" | "resume";

/** Why a task does not go on. */
export interface WaitingView {
  kind: WaitKind;
  text: string;
  /** What it waits for. */
  tasks: Array<string>;
  /** Of an attempt that waits for room: where it stands. Of each run one attempt asks at a time. */
  queue?: QueueView;
}

/** Who calls, and how one can log in. */
export interface WhoAmI {
  authenticated: boolean;
  /** The server asks everybody who they are. */
  required: boolean;
  login: LoginWays;
  /** Runs and pipelines are apart by namespace. */
  namespaces: boolean;
  /** Absent until somebody is known, as all that follows. */
  user?: string;
  /** `none` where nobody is asked, `session`, `token`, `jwt` or `header`. */
  method?: string;
  /** By namespace; `*` stands for every one. */
  roles?: Record<string, Role>;
  is_admin?: boolean;
  expires_at?: string;
}

/** The folder that all tasks of a run share. */
export interface WorkspaceView {
  size?: string;
}
