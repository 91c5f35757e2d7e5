import { expect, test } from "vitest";
import { toYaml } from "./yaml";

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
