/** The messages of Pipewright's own interface, as the pages read them: the server's types, which `cargo xtask codegen`
 * writes into `generated.ts`, with values that may be anything as JSON, and a few shapes told more closely. */
import type * as wire from "./generated";
import type { Json } from "./types";

/** A message as it is read: what the server calls anything is JSON. */
export type Read<T> = unknown extends T ? Json : T extends (infer One)[] ? Read<One>[] : T extends object ? { [Name in keyof T]: Read<T[Name]> } : T;

export type TaskState = wire.TaskState;
export type RunPhase = wire.RunState;
export type TaskKind = wire.TaskKindView;
/** States that nothing is in are left out. */
export type Counts = Partial<Record<TaskState, number>>;
export type Media = wire.Media;

export type ErrorView = wire.ErrorView;
export type ParameterView = Read<wire.ParameterView>;
export type Edge = wire.Edge;
export type TaskDefinition = Read<wire.TaskDefinition>;
export type ContainerView = Read<wire.ContainerView>;
export type ComponentView = Read<wire.ComponentView>;
export type GraphView = Read<wire.GraphView>;
export type CheckView = Read<wire.CheckView>;
export type Diagnostic = wire.DiagnosticView;
export type RunSummary = wire.RunSummary;

export type Span = wire.Span;
export type TaskProgress = Read<wire.TaskProgress>;
export type ProgressPage = Read<wire.ProgressPage>;
export type IterationPage = Read<wire.IterationPage>;
export type ValueView = Read<wire.ValueView>;
export type Values = Read<wire.ValuesView>;
export type AttemptView = wire.AttemptDetail;
export type TaskDetailView = Read<wire.TaskDetailView>;
export type AmountView = wire.AmountView;
export type QueueView = wire.QueueView;
export type AwaitedView = wire.AwaitedView;
export type SuspensionView = wire.SuspensionView;
export type VisualizationView = wire.VisualizationView;
/** Points are triples, which the description of the interface cannot say. */
export type UsageSeries = Omit<wire.UsageOverTime, "points"> & { points: [seconds: number, cpuCores: number, memoryBytes: number][] };

export type ArtifactView = Read<wire.ArtifactView>;
export type ArtifactPage = Read<wire.ArtifactPage>;
export type FilePage = wire.FilePage;
export type HeadView = wire.HeadView;
export type TableView = Read<wire.TableView>;
type Node<Kind extends wire.LineageNodeKind, Fields extends keyof wire.LineageNode> = { kind: Kind } & Read<Required<Pick<wire.LineageNode, "id" | Fields>>>;
/** The fields of a kind are there. */
export type LineageNode = Node<"artifact", "artifact"> | Node<"task", "run_id" | "task" | "display_name" | "state" | "pipeline_name">;
export type LineageView = Omit<wire.LineageView, "nodes"> & { nodes: LineageNode[] };

export type ExecutionView = wire.ExecutionView;
export type ExecutionPage = wire.ExecutionPage;

type Metric = Omit<wire.MetricComparison, "values"> & { values: (number | string | null)[] };
type ArtifactComparison = Omit<wire.ArtifactComparison, "artifact_ids"> & { artifact_ids: (string | null)[] };
export type CompareView = Omit<Read<wire.CompareView>, "metrics" | "artifacts"> & { metrics: Metric[]; artifacts: ArtifactComparison[] };

export type BoardView = wire.BoardView;
export type BoardsView = wire.BoardsView;
export type LogMatch = wire.LogMatch;
export type LogMatches = wire.LogMatches;
export type ResumeRequest = wire.ResumeRequest;
export type ResumeAnswer = wire.ResumeAnswer;
export type RetryRequest = Read<wire.RetryRequest>;

export type About = Read<wire.AboutView>;
export type MachineView = wire.MachineView;
export type Quantiles = wire.Quantiles;
export type PipelineStatistics = wire.StatisticsView;
export type WhoAmI = wire.WhoAmI;
