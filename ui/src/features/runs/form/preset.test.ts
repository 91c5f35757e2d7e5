import { expect, test } from "vitest";
import { executorOf } from "@/api/executor";
import { cloneName, pluginsOf, runName } from "./preset";

test.each([
  ["train", "Clone of train"],
  ["Clone of train", "Clone (2) of train"],
  ["Clone (2) of train", "Clone (3) of train"],
  ["Clone (9) of Clone of x", "Clone (10) of Clone of x"],
])("%s is cloned as %s", (name, clone) => expect(cloneName(name)).toBe(clone));

test("a run is named after its pipeline and the minute", () => {
  expect(runName("train", new Date(2026, 10, 8, 7, 5))).toBe("train 2026-11-08 07:05");
});

test("how tasks are run is kept in a clone beside what other plugins are given", () => {
  const plugins_input = { mlflow: { experiment: "a" }, pipewright: { executor: "container" } };
  expect(executorOf({ plugins_input })).toBe("container");
  expect(executorOf({})).toBeUndefined();
  expect(pluginsOf({ executor: "container", plugins: plugins_input })).toEqual(plugins_input);
  expect(pluginsOf({ executor: "process", plugins: plugins_input })).toEqual({ ...plugins_input, pipewright: { executor: "process" } });
  expect(pluginsOf({ executor: "", plugins: plugins_input })).toEqual({ mlflow: { experiment: "a" } });
  expect(pluginsOf({ executor: "", plugins: {} })).toBeUndefined();
});
