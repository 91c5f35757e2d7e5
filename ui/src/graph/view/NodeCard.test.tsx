import { act, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import type { TaskProgress } from "@/api/own-types";
import { ProgressStore } from "../model/progress";
import type { SceneNode } from "../model/scene";
import { countsText } from "./CountsBar";
import { matching } from "./GraphSearch";
import { NodeCard } from "./NodeCard";

const BOX = { id: "root/train", x: 0, y: 0, width: 200, height: 50, depth: 0 };
const NODE: SceneNode = { id: "root/train", kind: "task", title: "train", isGroup: false, isOpen: false, inside: 0, isExit: false };

function progress(fields: Partial<TaskProgress>): TaskProgress {
  return { key: "root/train", name: "train", display_name: "train", kind: "container", spans: [], attempts: 1, ...fields };
}

function card(node: SceneNode, store: ProgressStore | undefined, onOpen = vi.fn(), onToggle = vi.fn()) {
  render(
    <NodeCard node={node} box={BOX} store={store} instance={node.id} isSelected={false} isFocus isFound={false} isCritical={false} onOpen={onOpen} onToggle={onToggle} onHover={() => {}} />,
  );
  return { onOpen, onToggle };
}

test("a node says its state in words, and a new one when it changes", async () => {
  const store = new ProgressStore();
  const { onOpen } = card(NODE, store);
  expect(screen.getByRole("button", { name: "train, task, not started" })).toBeTruthy();
  act(() => store.apply([progress({ state: "FAILED", attempts: 3 })]));
  await userEvent.click(screen.getByRole("button", { name: "train, task, failed, 3 attempts" }));
  expect(onOpen).toHaveBeenCalledWith("root/train");
});

test("a node without a run says what it is", () => {
  card({ ...NODE, kind: "condition", subtitle: "if x > 1", isGroup: true, inside: 2 }, undefined);
  expect(screen.getByRole("button", { name: "train, condition, if x > 1" })).toBeTruthy();
});

test("a group opens by its own button", async () => {
  const { onToggle } = card({ ...NODE, kind: "group", isGroup: true, inside: 2 }, undefined);
  await userEvent.click(screen.getByRole("button", { name: "Expand train" }));
  expect(onToggle).toHaveBeenCalledWith("root/train");
});

test.each([
  [{ count: 3, counts: { SUCCEEDED: 3 } }, "3 iterations"],
  [{ count: 1000, counts: { SUCCEEDED: 400, FAILED: 2, RUNNING: 8 } }, "402 of 1000 done · 2 failed · 8 running"],
  [{ count: 0, counts: {} }, "0 iterations"],
])("iterations are counted: %j", (iterations, text) => {
  expect(countsText(iterations)).toBe(text);
});

test("tasks are found by title or name", () => {
  const all = [{ id: "root/a", title: "Train model", name: "train-model" }, { id: "root/b", title: "b", name: "b" }];
  expect(matching(all, " train-m ").map((entry) => entry.id)).toEqual(["root/a"]);
  expect(matching(all, "")).toEqual([]);
});
