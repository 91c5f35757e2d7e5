import { expect, test } from "vitest";
import type { TaskProgress } from "@/api/own-types";
import { arranged } from "./panel/IterationsTab";
import { filled, manifestText } from "./parameters";

test("iterations that failed come first, and are found by number or item", () => {
  const make = (iteration: number, state: TaskProgress["state"]): TaskProgress => ({
    key: `root/l[${iteration}]`, name: "l", display_name: "l", kind: "iteration", spans: [], attempts: 1, iteration, state, item: { lr: iteration / 10 },
  });
  const all = [make(0, "SUCCEEDED"), make(1, "SUCCEEDED"), make(2, "FAILED"), make(12, "FAILED")];
  expect(arranged(all, "", undefined).map((one) => one.iteration)).toEqual([2, 12, 0, 1]);
  expect(arranged(all, "1", undefined).map((one) => one.iteration)).toEqual([12, 1]);
  expect(arranged(all, "lr=0.2", "FAILED").map((one) => one.iteration)).toEqual([2]);
});

test("placeholders are filled by what is known", () => {
  const given = [{ name: "path", value: "/mnt" }, { name: "n", value: 3 }];
  expect(filled("{{$.inputs.parameters['path']}}/{{$.inputs.parameters['n']}}/{{$.inputs.parameters['other']}}", given)).toBe("/mnt/3/{{$.inputs.parameters['other']}}");
});

test("a manifest is indented and has what was given", () => {
  const given = [{ name: "a", value: 'x "y"' }];
  expect(manifestText(`{"kind":"ConfigMap","data":{"a":"{{$.inputs.parameters['a'].json_escape[1]}}","b":"{{$workflow.name.json_escape[1]}}-b"}}`, given)).toBe(
    JSON.stringify({ kind: "ConfigMap", data: { a: 'x "y"', b: "{{$workflow.name}}-b" } }, undefined, 2),
  );
  expect(manifestText("kind: {{$.inputs.parameters['a']}}", given)).toBe('kind: x "y"');
});
