import { describe, expect, test } from "vitest";
import type { TaskProgress } from "@/api/own-types";
import { sorted, taskRows } from "./taskRows";

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
