import { expect, test } from "vitest";
import { toDocuments, toYaml } from "./yaml";

test("objects, lists and texts are written as one would by hand", () => {
  const value = {
    name: "train model",
    empty: {},
    none: [],
    "odd key:": null,
    list: [1, "two", { a: true, b: [{ c: "x" }] }, ["in", "side"]],
    word: "no",
    number: "12",
    code: "def f():\n  return 1\n",
    command: ["sh", "-c", "echo $0\nexit 1"],
  };
  expect(toYaml(value)).toBe(`name: train model
empty: {}
none: []
"odd key:": null
list:
  - 1
  - two
  - a: true
    b:
      - c: x
  - - in
    - side
word: "no"
number: "12"
code: |
  def f():
    return 1
command:
  - sh
  - "-c"
  - |-
    echo $0
    exit 1
`);
});

test("settings of platforms are a document of their own, as in the file", () => {
  const pipeline = { root: { dag: {} } };
  expect(toDocuments(pipeline)).toBe(toYaml(pipeline));
  expect(toDocuments({ pipeline_spec: pipeline, platform_spec: {} })).toBe(toYaml(pipeline));
  expect(toDocuments({ pipeline_spec: pipeline, platform_spec: { platforms: { kubernetes: {} } } })).toBe("root:\n  dag: {}\n---\nplatforms:\n  kubernetes: {}\n");
});
