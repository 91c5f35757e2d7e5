import { describe, expect, test } from "vitest";
import type { TaskProgress } from "@/api/own-types";
import type { Json } from "@/api/types";
import { sorted, taskRows } from "./taskRows";
import { yamlText } from "./yaml";

const time = (second: number) => new Date(second * 1000).toISOString();

function task(name: string, state: TaskProgress["state"], from?: number, to?: number): TaskProgress {
  return {
    key: `root/${name}`, name, display_name: name, kind: "container", state, attempts: 1,
    started_at: from === undefined ? undefined : time(from), ended_at: to === undefined ? undefined : time(to),
    spans: from === undefined ? [] : [{ kind: "waiting", attempt: 0, from: time(from - 1), to: time(from) }],
  };
}

describe("the table of tasks", () => {
  const rows = taskRows([task("ok", "SUCCEEDED", 1, 5), task("idle", undefined), task("bad", "FAILED", 3, 4), task("now", "RUNNING", 2)], 10_000);
  test("begins with what failed", () => {
    expect(sorted(rows, "urgency", false).map((row) => row.task.name)).toEqual(["bad", "now", "ok", "idle"]);
  });
  test("puts what has no value last, both ways", () => {
    expect(sorted(rows, "duration", false).map((row) => row.task.name)).toEqual(["bad", "ok", "now", "idle"]);
    expect(sorted(rows, "duration", true).map((row) => row.task.name)).toEqual(["now", "ok", "bad", "idle"]);
  });
  test("knows how long each waited", () => {
    expect(rows[0].waited).toBe(1000);
  });
});

test.each<[Json, string]>([
  [{ a: 1, b: [1, "x"], c: {}, d: [] }, "a: 1\nb:\n- 1\n- x\nc: {}\nd: []\n"],
  [{ list: [{ x: 1, y: [2] }, [3]] }, 'list:\n- x: 1\n  "y":\n  - 2\n- - 3\n'],
  [{ t: "true", n: "1", e: "", p: "plain words", c: "a: b" }, 't: "true"\n"n": "1"\ne: ""\np: plain words\nc: "a: b"\n'],
  [{ code: "if x:\n  y\n" }, "code: |\n  if x:\n    y\n"],
  [{ code: "a\nb" }, "code: |-\n  a\n  b\n"],
  [{ odd: "a \nb" }, 'odd: "a \\nb"\n'],
])("yaml of %j", (value, text) => {
  expect(yamlText(value)).toBe(text);
});
