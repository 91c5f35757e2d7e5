import { describe, expect, test } from "vitest";
import type { TaskProgress } from "@/api/own-types";
import { axisText, barsOf, extent, rows, ticks, zoomExtent } from "./rows";

const at = (second: number) => new Date(1_700_000_000_000 + second * 1000).toISOString();
const ms = (second: number) => 1_700_000_000_000 + second * 1000;

function task(key: string, fields: Partial<TaskProgress>): TaskProgress {
  const name = key.split("/").at(-1) as string;
  return { key, parent: key.split("/").slice(0, -1).join("/"), name, display_name: name, kind: "container", spans: [], attempts: 0, ...fields };
}

describe("rows", () => {
  const tasks = [
    task("root", { kind: "dag", created_at: at(0) }),
    task("root/late", { created_at: at(5), started_at: at(6), ended_at: at(9), state: "SUCCEEDED" }),
    task("root/group", { kind: "dag", created_at: at(1), started_at: at(1), state: "RUNNING" }),
    task("root/group/b", { created_at: at(3), state: "PENDING" }),
    task("root/group/a", { created_at: at(2), state: "PENDING" }),
    task("root/never", {}),
  ];
  test("stand in the order of their beginning, children below parents", () => {
    expect(rows(tasks, ms(10), () => false).map((row) => [row.key, row.depth])).toEqual([
      ["root/group", 0],
      ["root/group/a", 1],
      ["root/group/b", 1],
      ["root/late", 0],
    ]);
  });
  test("hide what is folded", () => {
    expect(rows(tasks, ms(10), (key) => key === "root/group").map((row) => row.key)).toEqual(["root/group", "root/late"]);
  });
  test("span from the first beginning to now", () => {
    expect(extent(rows(tasks, ms(10), () => false), ms(10))).toEqual({ from: ms(1), to: ms(10) });
    expect(extent([], ms(10))).toEqual({ from: ms(9), to: ms(10) });
  });
});

describe("bars", () => {
  test("of two attempts with a pause between them", () => {
    const bars = barsOf(
      task("root/t", {
        state: "RUNNING",
        created_at: at(0),
        spans: [
          { kind: "waiting", attempt: 0, from: at(0), to: at(1) },
          { kind: "running", attempt: 0, from: at(1), to: at(2) },
          { kind: "backoff", attempt: 1, from: at(2), to: at(4) },
          { kind: "running", attempt: 1, from: at(4) },
        ],
      }),
      ms(7),
    );
    expect(bars.map((bar) => [bar.kind, bar.to - bar.from, bar.isOpen])).toEqual([
      ["waiting", 1000, false],
      ["running", 1000, false],
      ["backoff", 2000, false],
      ["running", 3000, true],
    ]);
  });
  test("never end before they begin, whatever the clocks say", () => {
    const [bar] = barsOf(task("root/t", { state: "RUNNING", spans: [{ kind: "running", attempt: 0, from: at(9) }] }), ms(5));
    expect(bar.to).toBe(bar.from);
  });
  test("are none for what was taken from the cache", () => {
    expect(barsOf(task("root/t", { state: "CACHED", started_at: at(0), ended_at: at(0) }), ms(5))).toEqual([]);
  });
});

test("ticks are round and not too near", () => {
  expect(ticks({ from: ms(0), to: ms(60) }, ms(0), 600)).toEqual([0, 10e3, 20e3, 30e3, 40e3, 50e3, 60e3]);
  expect(ticks({ from: ms(0), to: ms(0) }, ms(0), 600)).toEqual([]);
});

test("zooming keeps the moment under the pointer and stays inside the whole", () => {
  const whole = { from: 0, to: 1000 };
  const seen = zoomExtent(whole, whole, 250, 0.5);
  expect(seen).toEqual({ from: 125, to: 625 });
  expect(zoomExtent(seen, whole, 250, 100)).toEqual(whole);
});

test.each([
  [0, "0"],
  [250, "250 ms"],
  [90_000, "1m 30s"],
  [7_200_000, "2h"],
  [1_500, "1.5 s"],
])("%i on the axis is %s", (at, text) => {
  expect(axisText(at)).toBe(text);
});
