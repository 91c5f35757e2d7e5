import { describe, expect, test } from "vitest";
import { areNumbers, parseCsv, tableOf } from "./csv";
import { parseMarkdown } from "./markdown";
import { areaUnder, classification, metricText, scalars, scores, slices } from "./metrics";
import { confusionFromCsv, logFolders, parseUiMetadata, rocFromCsv } from "./uiMetadata";

describe("comma-separated text", () => {
  test.each<[string, string[][]]>([
    ["a,b\n1,2\n", [["a", "b"], ["1", "2"]]],
    ['"a ""b""",c\r\n"x\ny",z', [['a "b"', "c"], ["x\ny", "z"]]],
    ["a\tb\n1\t2", [["a", "b"], ["1", "2"]]],
    ['"open, never closed\n1,2', [["open, never closed\n1,2"]]],
    ["", []],
    ["\n\n1,\n", [["1", ""]]],
  ])("%j", (text, expected) => {
    expect(parseCsv(text)).toEqual(expected);
  });
  test("stops where it is told", () => {
    expect(parseCsv("1\n2\n3\n", 2)).toEqual([["1"], ["2"]]);
  });
  test.each<[string, number | undefined]>([
    ["a,b\n1,2\n3,4\n5", 2],
    ["a,b\n1,2\n", 1],
    ["Dear reader, this is prose.\nIt goes on.\nAnd on, and on, and on.\nEnd.", undefined],
    ["one line, with a comma", undefined],
    ["no commas\nat all", undefined],
  ])("is told from prose: %j", (text, rows) => {
    expect(tableOf(text)?.rows.length).toBe(rows);
  });
  test("knows columns of numbers", () => {
    expect(areNumbers(["1", "", "2.5e3", null])).toBe(true);
    expect(areNumbers(["1", "x"])).toBe(false);
    expect(areNumbers(["", " "])).toBe(false);
  });
});

const POINTS = [
  { confidenceThreshold: 0.5, recall: 1, falsePositiveRate: 1 },
  { confidenceThreshold: 2, recall: 0, falsePositiveRate: 0 },
  { confidenceThreshold: 0.9, recall: 0.8, falsePositiveRate: 0 },
];
const MATRIX = { annotationSpecs: [{ displayName: "cat" }, { displayName: "dog" }], rows: [{ row: [8, 2] }, { row: [1, 9] }] };

describe("classification metrics", () => {
  test("are read, plain or as a store wraps them", () => {
    const plain = classification({ confidenceMetrics: POINTS, confusionMatrix: MATRIX });
    expect(plain).toEqual(classification({ confidenceMetrics: { list: POINTS }, confusionMatrix: { struct: MATRIX } }));
    expect(plain.confusion).toEqual({ labels: ["cat", "dog"], matrix: [[8, 2], [1, 9]] });
    expect(plain.roc?.map((point) => [point.fpr, point.tpr])).toEqual([[0, 0], [0, 0.8], [1, 1]]);
    expect(areaUnder(plain.roc ?? [])).toBeCloseTo(0.9);
    const { accuracy, classes } = scores(plain.confusion!);
    expect(accuracy).toBeCloseTo(0.85);
    expect(classes[0].precision).toBeCloseTo(8 / 9);
  });
  test.each<[string, Parameters<typeof classification>[0]]>([
    ["a text for points", { confidenceMetrics: "x" }],
    ["a point without recall", { confidenceMetrics: [{ falsePositiveRate: 0 }] }],
    ["a row that is too short", { confusionMatrix: { annotationSpecs: [{ displayName: "a" }, { displayName: "b" }], rows: [{ row: [1] }, { row: [1, 2] }] } }],
    ["words for numbers", { confusionMatrix: { annotationSpecs: [{ displayName: "a" }], rows: [{ row: ["many"] }] } }],
    ["no rows", { confusionMatrix: { annotationSpecs: [{ displayName: "a" }] } }],
  ])("say what is wrong with %s", (_, metadata) => {
    const found = classification(metadata);
    expect(found.problems).toHaveLength(1);
    expect(found.roc ?? found.confusion).toBeUndefined();
  });
  test("of slices", () => {
    const found = slices({ evaluationSlices: [{ slice: "young", sliceClassificationMetrics: { confusionMatrix: MATRIX } }, { slice: "old" }, 7] });
    expect(found.map((slice) => [slice.name, slice.metrics.problems.length])).toEqual([["young", 0], ["old", 1], ["slice 3", 1]]);
    expect(slices({})).toEqual([]);
  });
});

test("scalar metrics leave out what is none", () => {
  expect(scalars({ accuracy: 0.5, display_name: "m", note: "x", deep: { a: 1 } })).toEqual([["accuracy", 0.5], ["note", "x"]]);
  expect([0.123456789, 1e-9, 1234567, true, null].map(metricText)).toEqual(["0.123457", "1e-9", "1,234,567", "true", "—"]);
});

describe("the old platform's views", () => {
  test("are read, and each wrong one says why", () => {
    const { views } = parseUiMetadata(
      JSON.stringify({
        outputs: [
          { type: "markdown", storage: "inline", source: "# hi" },
          { type: "table", format: "csv", header: ["a"], source: "minio://b/k" },
          { type: "confusion_matrix", format: "csv", schema: [{ name: "target" }, { name: "predicted" }, { name: "count" }], source: "s3://x/y", labels: ["a", "b"] },
          { type: "tensorboard", source: "One:/logs/a,gs://b/c" },
          { type: "table", source: "x" },
          { type: "hologram", source: "x" },
          { type: "roc" },
          7,
        ],
      }),
    );
    expect(views.map((view) => view.type)).toEqual(["markdown", "table", "confusion_matrix", "tensorboard", "unknown", "unknown", "unknown", "unknown"]);
    expect(views[0]).toEqual({ type: "markdown", content: { kind: "inline", text: "# hi" } });
  });
  test.each(["", "{", "[]", '{"outputs": 1}', "null"])("%j is no such document", (text) => {
    const { views, problem } = parseUiMetadata(text);
    expect(views).toEqual([]);
    expect(problem).toBeTruthy();
  });
  test("log folders keep their scheme", () => {
    expect(logFolders("A:gs://b/c, /d")).toEqual([{ series: "A", uri: "gs://b/c" }, { series: "Series2", uri: "/d" }]);
  });
  test("matrices and curves come out of csv", () => {
    expect(confusionFromCsv("a,a,3\na,b,1\nb,b,2\n", undefined)).toEqual({ labels: ["a", "b"], matrix: [[3, 1], [0, 2]] });
    expect(confusionFromCsv("x,y\n", ["x"])).toBeUndefined();
    expect(rocFromCsv("0,0,2\nx,1,1\n1,1,0\n", ["fpr", "tpr", "thresholds"])).toHaveLength(2);
  });
});

describe("markdown", () => {
  test("keeps markup of pages as text", () => {
    const text = JSON.stringify(parseMarkdown("<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://spy.example/p.png)"));
    expect(text.match(/"href":"[^"]*"/g)).toEqual(['"href":"https://spy.example/p.png"']);
    expect(text).not.toContain('"kind":"image"');
    expect(text).toContain("<script>");
  });
  test("reads what reports are made of", () => {
    const found = parseMarkdown("# Title\n\nSome **bold** `code` and snake_case_name.\n\n- one\n- two\n  - deep\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```py\nx < 1\n```\n> said\n\n1. first\n2. second\n\n---\n");
    expect(found.map((block) => block.kind)).toEqual(["heading", "paragraph", "list", "table", "code", "quote", "list", "rule"]);
    expect(found[1]).toMatchObject({ inside: [{ text: "Some " }, { kind: "strong" }, {}, { kind: "code" }, { text: " and snake_case_name." }] });
    expect(found[3]).toMatchObject({ align: [undefined, "right"] });
  });
  test.each(["", "*", "**", "[", "![](", "```", "> > > >", "- ".repeat(50), "|", "|-|"])("survives %j", (text) => {
    expect(Array.isArray(parseMarkdown(text))).toBe(true);
  });
  test("is not slow on what repeats", () => {
    expect(parseMarkdown(`${"*a ".repeat(3000)}\n${"[".repeat(3000)}`).length).toBeGreaterThan(0);
  });
});
