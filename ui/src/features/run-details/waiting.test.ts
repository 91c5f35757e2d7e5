import { expect, test } from "vitest";
import type { GraphView } from "@/api/own-types";
import { asksSomebody } from "./asks";
import { amounts } from "./panel/Waiting";

test.each([
  ["a time", { duration: "20s", supplied: [] }, false],
  ["a time or an answer", { duration: "20s", supplied: ["decision"] }, true],
  ["somebody", { supplied: [] }, true],
])("a task that waits for %s", (_, suspend, expected) => {
  const view = { components: { wait: { suspend } } } as unknown as GraphView;
  expect(asksSomebody(view, "wait")).toBe(expected);
});

test("what a task needs stands beside what is free, GPUs only where it wants some", () => {
  const free = { cpus: 0.5, memory_bytes: 2 ** 31, gpus: 0 };
  expect(amounts({ cpus: 1, memory_bytes: 2 ** 30, gpus: 0 }, free)).toEqual([
    { name: "CPUs", needs: "1", free: "0.5", isShort: true },
    { name: "Memory", needs: "1.0 GiB", free: "2.0 GiB", isShort: false },
  ]);
  expect(amounts({ cpus: 0, memory_bytes: 0, gpus: 2 }, free)[2]).toEqual({ name: "GPUs", needs: "2", free: "0", isShort: true });
});
