import { describe, expect, test } from "vitest";
import type { ComponentView, GraphView, TaskDefinition, TaskProgress } from "@/api/own-types";
import { layout } from "../layout/layout";
import { bars, cells, itemText, mostTelling, nextFailed } from "../view/strip";
import { criticalPath } from "./critical";
import { instanceKey, iterationsOf, nodeOf } from "./keys";
import { everyGroup, groupsAround, openAtFirst } from "./opening";
import { ProgressStore } from "./progress";
import { edgeName, findables, plainCondition, scene } from "./scene";
import { neighbour } from "./walk";

const PORTS = { parameters: [], artifacts: [] };

function task(name: string, component: string, fields: Partial<TaskDefinition> = {}): TaskDefinition {
  return {
    name,
    display_name: name,
    component,
    upstream: [],
    parameters: [],
    artifacts: [],
    strategy: "all_succeeded",
    is_exit_handler: false,
    caching: { enabled: true },
    ...fields,
  };
}

function dag(tasks: TaskDefinition[]): ComponentView {
  const edges = tasks.flatMap((to) => to.upstream.map((from) => ({ from, to: to.name, data: [] })));
  return { kind: "dag", inputs: PORTS, outputs: PORTS, dag: { tasks, edges, outputs: [] } };
}

const LEAF: ComponentView = { kind: "container", inputs: PORTS, outputs: { parameters: [], artifacts: [{ name: "model", type: "system.Model", is_list: false, optional: false }] } };

function view(components: Record<string, ComponentView>): GraphView {
  return { name: "p", dialect: "v2", root: "root", parameters: [], artifact_inputs: [], settings: { retention: {} }, components };
}

const LOOP = view({
  root: dag([
    task("prepare", "leaf"),
    task("each", "body", { upstream: ["prepare"], loop: { kind: "parameter", item_input: "x", static_count: 3 } }),
    task("report", "leaf", { upstream: ["each"] }),
  ]),
  body: dag([task("train", "leaf"), task("if-good", "branch", { upstream: ["train"], condition: "inputs.parameter_values['pipelinechannel--acc'] > 0.9" })]),
  branch: dag([task("deploy", "leaf")]),
  leaf: LEAF,
});

describe("names", () => {
  const chosen = new Map([["root/each", 3], ["root/each/again", 1]]);
  test.each([
    ["root", "root"],
    ["root/each", "root/each"],
    ["root/each/train", "root/each[3]/train"],
    ["root/each/again", "root/each[3]/again"],
    ["root/each/again/x", "root/each[3]/again[1]/x"],
  ])("%s stands for %s", (node, key) => {
    expect(instanceKey(node, chosen)).toBe(key);
    expect(nodeOf(key)).toBe(node);
  });
  test("tell the iterations around them", () => {
    expect(iterationsOf("root/each[3]/again[1]/x")).toEqual(chosen);
    expect(iterationsOf("root/a[b]/c")).toEqual(new Map());
  });
});

describe("a scene", () => {
  test("opens what is small at first, and finds what is inside", () => {
    expect(openAtFirst(LOOP)).toEqual(new Set(["root/each", "root/each/if-good"]));
    expect(everyGroup(LOOP)).toEqual(new Set(["root/each", "root/each/if-good"]));
    expect(groupsAround("root/each/if-good/deploy")).toEqual(["root/each", "root/each/if-good"]);
    expect(findables(LOOP).map((entry) => entry.id)).toContain("root/each/if-good/deploy");
  });
  test("has the nodes of open groups only", () => {
    const closed = scene(LOOP, { open: new Set(), showArtifacts: false });
    expect(Array.from(closed.nodes.keys())).toEqual(["root/prepare", "root/each", "root/report"]);
    const open = scene(LOOP, { open: new Set(["root/each"]), showArtifacts: false });
    expect(open.nodes.get("root/each/if-good")).toMatchObject({ kind: "condition", subtitle: "if acc > 0.9", isOpen: false, inside: 1 });
    expect(open.nodes.get("root/each")).toMatchObject({ kind: "loop", isOpen: true });
  });
  test("puts artifacts between those that make and those that take them", () => {
    const flow = view({ root: dag([task("a", "leaf"), task("b", "sink", { upstream: ["a"] })]), leaf: LEAF, sink: { kind: "container", inputs: PORTS, outputs: PORTS } });
    flow.components.root.dag!.edges = [{ from: "a", to: "b", data: [{ output: "model", input: "m", kind: "artifact", type: "system.Model" }] }];
    const drawn = scene(flow, { open: new Set(), showArtifacts: true });
    expect(Array.from(drawn.edges.keys())).toEqual(["root/a>root/a→model", "root/a→model>root/b"]);
  });
  test("follows recursion once", () => {
    const endless = view({ root: dag([task("a", "root")]) });
    expect(openAtFirst(endless)).toEqual(new Set());
    expect(findables(endless)).toHaveLength(1);
  });
  test("says conditions as people would", () => {
    expect(plainCondition("inputs.parameter_values['pipelinechannel--flip-Output'] == 'heads'")).toBe("flip-Output == 'heads'");
  });
});

function progress(key: string, state: TaskProgress["state"], from?: number, to?: number): TaskProgress {
  const time = (second?: number) => (second === undefined ? undefined : new Date(second * 1000).toISOString());
  return { key, name: key, display_name: key, kind: "container", spans: [], attempts: 1, state, started_at: time(from), ended_at: time(to) };
}

test("the critical path goes back through what ended last, into groups too", () => {
  const wide = view({
    root: dag([task("a", "leaf"), task("b", "leaf"), task("c", "inner", { upstream: ["a", "b"] })]),
    inner: dag([task("x", "leaf"), task("y", "leaf")]),
    leaf: LEAF,
  });
  const known = new Map(
    [
      progress("root/a", "SUCCEEDED", 0, 5),
      progress("root/b", "SUCCEEDED", 0, 9),
      progress("root/c", "RUNNING", 9),
      progress("root/c/x", "SUCCEEDED", 9, 10),
      progress("root/c/y", "RUNNING", 9),
    ].map((entry) => [entry.key, entry]),
  );
  const path = criticalPath(wide, (key) => known.get(key), new Map(), 20_000);
  expect(path.nodes).toEqual(new Set(["root/c", "root/c/y", "root/b"]));
  expect(path.edges).toEqual(new Set([edgeName("root/b", "root/c")]));
});

test("arrow keys walk along edges, into open groups and sideways", () => {
  const drawn = scene(LOOP, { open: new Set(["root/each"]), showArtifacts: false });
  const placed = layout(drawn.graph, { direction: "down" });
  expect(neighbour(placed, "down", "root/prepare", "ArrowDown")).toBe("root/each");
  expect(neighbour(placed, "down", "root/report", "ArrowUp")).toBe("root/each");
  expect(neighbour(placed, "down", "root/report", "ArrowDown")).toBeUndefined();
  expect(neighbour(placed, "down", "root/each/train", "ArrowUp")).toBe("root/each");
  expect(neighbour(placed, "down", "gone", "ArrowUp")).toBeUndefined();
});

describe("the store of progress", () => {
  test("tells only those who asked for the task, and everybody once", () => {
    const store = new ProgressStore();
    const heard: string[] = [];
    store.subscribe("a", () => heard.push("a"));
    store.subscribe("b", () => heard.push("b"));
    store.subscribeAll(() => heard.push("all"));
    store.apply([progress("a", "RUNNING"), progress("c", "RUNNING")]);
    expect(heard).toEqual(["a", "all"]);
    store.replace([progress("b", "FAILED")]);
    expect(store.get("a")).toBeUndefined();
    expect(heard).toEqual(["a", "all", "a", "b", "all"]);
  });
});

describe("a strip of iterations", () => {
  const many = Array.from({ length: 1000 }, (_, index) => ({ ...progress(`root/each[${index}]`, index === 777 ? "FAILED" : "SUCCEEDED"), iteration: index }));
  test("shows the worst of those that share a cell", () => {
    const shown = cells(many, 1000, 100);
    expect(shown).toHaveLength(100);
    expect(shown.filter((cell) => cell.state === "FAILED")).toEqual([{ from: 770, to: 780, state: "FAILED", shares: [["FAILED", 1], ["SUCCEEDED", 9]] }]);
    expect(cells(many, 3, 100)).toHaveLength(3);
    expect(cells([], 0, 100)).toEqual([]);
  });
  test("draws how many are like that", () => {
    expect(bars([["FAILED", 1], ["SUCCEEDED", 99]], 14)).toEqual([
      { state: "FAILED", top: 0, height: 3 },
      { state: "SUCCEEDED", top: 3, height: 11 },
    ]);
    expect(bars([["FAILED", 99], ["SUCCEEDED", 1]], 14)[1]).toEqual({ state: "SUCCEEDED", top: 11, height: 3 });
    expect(bars([["FAILED", 1]], 14)).toEqual([{ state: "FAILED", top: 0, height: 14 }]);
  });
  test("leads to what failed", () => {
    expect(mostTelling(many)).toBe(777);
    expect(nextFailed(many, 0)).toBe(777);
    expect(nextFailed(many, 777)).toBe(777);
    expect(nextFailed([], 0)).toBeUndefined();
  });
  test("names its item", () => {
    expect(itemText({ lr: 0.1, name: "a" })).toBe("lr=0.1 name=a");
    expect(itemText("x".repeat(100), 10)).toBe(`${"x".repeat(9)}…`);
    expect(itemText(undefined)).toBe("");
  });
});
