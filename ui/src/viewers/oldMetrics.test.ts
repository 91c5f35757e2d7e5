import { expect, test } from "vitest";
import { placeOf } from "@/api/own";
import { isOldMetrics, oldMetricText, parseOldMetrics } from "./oldMetrics";

test("metrics come in both spellings, and what is no metric is left out", () => {
  const text = '{"metrics":[{"name":"rmse","numberValue":0.25,"format":"RAW"},{"name":"accuracy","number_value":0.9312,"format":"PERCENTAGE"},{"name":"x"},null]}';
  const metrics = parseOldMetrics(text)!;
  expect(metrics.map((metric) => [metric.name, oldMetricText(metric)])).toEqual([
    ["rmse", 0.25],
    ["accuracy", "93.12 %"],
  ]);
});

test.each(["", "[]", "null", '{"metrics":{}}', "rmse=1"])("%j is no file of metrics", (text) => {
  expect(parseOldMetrics(text)).toBeUndefined();
});

test("files are known by both of their names", () => {
  expect([isOldMetrics("mlpipeline-metrics"), isOldMetrics("mlpipeline_metrics"), isOldMetrics("evaluate-metrics")]).toEqual([true, true, false]);
});

test.each([
  ["/data/page.html", { source: "file", bucket: "", key: "/data/page.html" }],
  ["file:///data/page.html", { source: "file", bucket: "", key: "/data/page.html" }],
  ["volume://claim/logs/page.html", { source: "volume", bucket: "claim", key: "logs/page.html" }],
  ["minio://mlpipeline/a/b", { source: "minio", bucket: "mlpipeline", key: "a/b" }],
])("%s leads to %j", (uri, place) => expect(placeOf(uri)).toEqual(place));
