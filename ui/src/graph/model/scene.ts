// What is drawn of a pipeline: its nodes as far as groups are opened, with their sizes, and the edges between them.

import type { Edge, GraphView, TaskDefinition } from "@/api/own-types";
import type { LayoutGraph, LayoutNode } from "../layout/types";
import { nameOf, ROOT } from "./keys";

/** What a node is, as its looks tell. */
export type NodeKind = "task" | "importer" | "resource" | "suspend" | "group" | "condition" | "loop" | "artifact";

export interface SceneNode {
  id: string;
  kind: NodeKind;
  title: string;
  /** Under the title: the condition, what a loop goes over, an artifact's type. */
  subtitle?: string;
  component?: string;
  definition?: TaskDefinition;
  /** Can be opened in place. */
  isGroup: boolean;
  isOpen: boolean;
  /** How many tasks are directly inside. */
  inside: number;
  isExit: boolean;
  /** Of an artifact: the node that makes it, and the output's name. */
  producer?: { node: string; output: string };
}

export interface SceneEdge {
  from: string;
  to: string;
  data: Edge["data"];
}

export interface Scene {
  nodes: Map<string, SceneNode>;
  /** By `from>to`. */
  edges: Map<string, SceneEdge>;
  graph: LayoutGraph;
}

export interface SceneOptions {
  open: ReadonlySet<string>;
  showArtifacts: boolean;
}

export const NODE_WIDTH = 212;
const NODE_HEIGHT = 50;
const LOOP_HEIGHT = 64;
/** Titles and strips of open groups need this much. */
const GROUP_WIDTH = 272;
const LOOP_WIDTH = 460;
const ARTIFACT = { width: 168, height: 30 };
const HEADER = 34;
const LOOP_HEADER = 62;

export const edgeName = (from: string, to: string) => `${from}>${to}`;

export function scene(view: GraphView, options: SceneOptions): Scene {
  const result: Scene = { nodes: new Map(), edges: new Map(), graph: { nodes: [], edges: [] } };
  result.graph = dag(view, view.root, ROOT, options, result);
  return result;
}

function dag(view: GraphView, component: string, around: string, options: SceneOptions, result: Scene): LayoutGraph {
  const found = view.components[component]?.dag;
  const graph: LayoutGraph = { nodes: [], edges: [] };
  if (found === undefined) return graph;
  const width = found.tasks.length > 300 ? NODE_WIDTH - 40 : NODE_WIDTH;
  for (const task of found.tasks) graph.nodes.push(taskNode(view, task, around, width, options, result));
  const join = (from: string, to: string, data: Edge["data"]) => {
    const name = edgeName(from, to);
    const known = result.edges.get(name);
    if (known !== undefined) {
      known.data = [...known.data, ...data];
      return;
    }
    result.edges.set(name, { from, to, data });
    graph.edges.push({ from, to });
  };
  if (options.showArtifacts) addArtifacts(view, found.tasks, around, graph, result, join);
  for (const edge of found.edges) {
    const from = `${around}/${edge.from}`;
    const to = `${around}/${edge.to}`;
    const through = options.showArtifacts ? edge.data.filter((data) => data.kind === "artifact") : [];
    for (const data of through) join(artifactNode(from, data.output), to, [data]);
    if (through.length === 0 || through.length < edge.data.length) {
      join(from, to, edge.data.filter((data) => !through.includes(data)));
    }
  }
  return graph;
}

function taskNode(
  view: GraphView,
  task: TaskDefinition,
  around: string,
  width: number,
  options: SceneOptions,
  result: Scene,
): LayoutNode {
  const id = `${around}/${task.name}`;
  const component = view.components[task.component];
  const inside = component?.dag?.tasks.length ?? 0;
  const kind = kindOf(view, task);
  const isGroup = inside > 0;
  const isOpen = isGroup && options.open.has(id);
  result.nodes.set(id, {
    id,
    kind,
    title: task.display_name || task.name,
    subtitle: subtitle(task, kind, inside),
    component: task.component,
    definition: task,
    isGroup,
    isOpen,
    inside,
    isExit: task.is_exit_handler,
  });
  if (!isOpen) return { id, width, height: kind === "loop" ? LOOP_HEIGHT : NODE_HEIGHT };
  return {
    id,
    width: kind === "loop" ? LOOP_WIDTH : GROUP_WIDTH,
    height: NODE_HEIGHT,
    header: kind === "loop" ? LOOP_HEADER : HEADER,
    inner: dag(view, task.component, id, options, result),
  };
}

export function kindOf(view: GraphView, task: TaskDefinition): NodeKind {
  if (task.loop !== undefined) return "loop";
  const kind = view.components[task.component]?.kind;
  if (kind === "dag") return task.condition === undefined ? "group" : "condition";
  return kind === "importer" || kind === "resource" || kind === "suspend" ? kind : "task";
}

function subtitle(task: TaskDefinition, kind: NodeKind, inside: number): string | undefined {
  if (kind === "loop") {
    const over = task.loop?.static_count === undefined ? task.loop?.items_input : `${task.loop.static_count} items`;
    return over === undefined ? "for each item" : `for each of ${plainInput(over)}`;
  }
  if (task.condition !== undefined) return `if ${plainCondition(task.condition)}`;
  if (kind === "group") return `${inside} ${inside === 1 ? "task" : "tasks"}`;
  return undefined;
}

/** Compilers prefix what they hand through (`pipelinechannel--flip-Output`); readers want the name. */
export function plainInput(name: string): string {
  return name.replace(/^pipelinechannel--/, "").replace(/-loop-item$/, "");
}

/** Shortens `inputs.parameter_values['pipelinechannel--x'] == 'a'` to `x == 'a'`. */
export function plainCondition(condition: string): string {
  return condition.replace(/inputs\.parameter_values\['([^']+)'\]/g, (_, name: string) => plainInput(name));
}

export function artifactNode(producer: string, output: string): string {
  return `${producer}→${output}`;
}

function addArtifacts(
  view: GraphView,
  tasks: TaskDefinition[],
  around: string,
  graph: LayoutGraph,
  result: Scene,
  join: (from: string, to: string, data: Edge["data"]) => void,
): void {
  for (const task of tasks) {
    const producer = `${around}/${task.name}`;
    for (const port of view.components[task.component]?.outputs.artifacts ?? []) {
      const id = artifactNode(producer, port.name);
      result.nodes.set(id, {
        id,
        kind: "artifact",
        title: plainInput(port.name),
        subtitle: port.type.replace(/^system\./, ""),
        isGroup: false,
        isOpen: false,
        inside: 0,
        isExit: false,
        producer: { node: producer, output: port.name },
      });
      graph.nodes.push({ id, ...ARTIFACT });
      join(producer, id, [{ output: port.name, input: "", kind: "artifact", type: port.type }]);
    }
  }
}

/** Everything that can be found by its name, whether its group is open or not. */
export interface Findable {
  id: string;
  title: string;
  name: string;
}

/** Lists every task once for each place where it stands; recursion is followed once. */
export function findables(view: GraphView, most = 20_000): Findable[] {
  const found: Findable[] = [];
  const walk = (component: string, around: string, above: string[]) => {
    for (const task of view.components[component]?.dag?.tasks ?? []) {
      if (found.length >= most) return;
      const id = `${around}/${task.name}`;
      found.push({ id, title: task.display_name || task.name, name: nameOf(id) });
      if (!above.includes(task.component)) walk(task.component, id, [...above, task.component]);
    }
  };
  walk(view.root, ROOT, [view.root]);
  return found;
}
