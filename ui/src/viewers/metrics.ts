// What metric artifacts hold, read from metadata that anybody may have written: wrong parts are left out and named.

import type { Json } from "@/api/types";

type Fields = { [key: string]: Json };

export interface Confusion {
  labels: string[];
  /** Rows are the true class, columns the predicted one. */
  matrix: number[][];
}

export interface RocPoint {
  threshold: number | undefined;
  fpr: number;
  tpr: number;
}

export interface Classification {
  confusion?: Confusion;
  roc?: RocPoint[];
  /** What could not be read, in words. */
  problems: string[];
}

/** Keys that describe an artifact and are no metric of it. */
const NOT_METRICS = new Set(["display_name", "store_session_info", "confidenceMetrics", "confusionMatrix", "evaluationSlices"]);

/** Returns the scalar metrics of a `system.Metrics`, in their order. */
export function scalars(metadata: Fields): [name: string, value: number | string | boolean][] {
  return Object.entries(metadata).flatMap(([name, value]): [string, number | string | boolean][] => {
    if (NOT_METRICS.has(name)) return [];
    return typeof value === "number" || typeof value === "string" || typeof value === "boolean" ? [[name, value]] : [];
  });
}

/** Reads a `system.ClassificationMetrics`. Stores wrap lists as `{list}` and structs as `{struct}`. */
export function classification(metadata: Fields): Classification {
  const found: Classification = { problems: [] };
  const points = unwrap(metadata["confidenceMetrics"]);
  if (points !== undefined && points !== null) {
    const roc = rocOf(points);
    if (roc === undefined) found.problems.push("confidenceMetrics is not a list of points with recall and falsePositiveRate");
    else if (roc.length > 0) found.roc = roc;
  }
  const matrix = unwrap(metadata["confusionMatrix"]);
  if (matrix !== undefined && matrix !== null) {
    const confusion = confusionOf(matrix);
    if (confusion === undefined) found.problems.push("confusionMatrix is not a square of numbers with a name for each row");
    else if (confusion.labels.length > 0) found.confusion = confusion;
  }
  return found;
}

/** Reads a `system.SlicedClassificationMetrics`. */
export function slices(metadata: Fields): { name: string; metrics: Classification }[] {
  const list = unwrap(metadata["evaluationSlices"]);
  if (!Array.isArray(list)) return [];
  return list.map((entry, index) => {
    const slice = isFields(entry) ? entry : {};
    const inside = unwrap(slice["sliceClassificationMetrics"]);
    const name = typeof slice["slice"] === "string" ? slice["slice"] : `slice ${index + 1}`;
    if (!isFields(inside)) return { name, metrics: { problems: ["the slice has no sliceClassificationMetrics"] } };
    return { name, metrics: classification(inside) };
  });
}

function unwrap(value: Json | undefined): Json | undefined {
  if (!isFields(value)) return value;
  const keys = Object.keys(value);
  if (keys.length !== 1) return value;
  if (keys[0] === "list" && Array.isArray(value["list"])) return value["list"];
  return keys[0] === "struct" && isFields(value["struct"]) ? value["struct"] : value;
}

function isFields(value: Json | undefined): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function rocOf(value: Json): RocPoint[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const points: RocPoint[] = [];
  for (const entry of value) {
    const point = unwrap(entry);
    if (!isFields(point)) return undefined;
    const [tpr, fpr, threshold] = [finite(point["recall"]), finite(point["falsePositiveRate"]), finite(point["confidenceThreshold"])];
    // The first point of sklearn's curve has an infinite threshold; writers leave it out or write a word.
    if (tpr === undefined || fpr === undefined) return undefined;
    points.push({ threshold, fpr, tpr });
  }
  return sortRoc(points);
}

export function sortRoc(points: RocPoint[]): RocPoint[] {
  return points.slice().sort((a, b) => a.fpr - b.fpr || a.tpr - b.tpr);
}

function finite(value: Json | undefined): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function confusionOf(value: Json): Confusion | undefined {
  if (!isFields(value)) return undefined;
  const specs = unwrap(value["annotationSpecs"]);
  const rows = unwrap(value["rows"]);
  if (!Array.isArray(specs) || !Array.isArray(rows) || specs.length !== rows.length) return undefined;
  const labels = specs.map((spec, index) => {
    const inside = unwrap(spec);
    return isFields(inside) && inside["displayName"] !== undefined ? String(inside["displayName"]) : String(index);
  });
  const matrix: number[][] = [];
  for (const entry of rows) {
    const inside = unwrap(entry);
    const cells = isFields(inside) ? unwrap(inside["row"]) : inside;
    if (!Array.isArray(cells) || cells.length !== labels.length) return undefined;
    const numbers = cells.map((cell) => finite(cell));
    if (numbers.some((number) => number === undefined)) return undefined;
    matrix.push(numbers as number[]);
  }
  return { labels, matrix };
}

/** The area under a curve by trapezoids; nothing for less than two points. */
export function areaUnder(points: readonly RocPoint[]): number | undefined {
  if (points.length < 2) return undefined;
  let area = 0;
  for (let index = 1; index < points.length; index++) {
    area += (points[index].fpr - points[index - 1].fpr) * (points[index].tpr + points[index - 1].tpr) * 0.5;
  }
  return area;
}

export interface ClassScores {
  label: string;
  precision: number | undefined;
  recall: number | undefined;
  support: number;
}

/** Precision and recall of each class, and how many were right over all. */
export function scores({ labels, matrix }: Confusion): { accuracy: number | undefined; total: number; classes: ClassScores[] } {
  let total = 0;
  let right = 0;
  const columns = labels.map(() => 0);
  matrix.forEach((row, index) => {
    row.forEach((count, column) => {
      total += count;
      columns[column] += count;
    });
    right += row[index];
  });
  const classes = labels.map((label, index) => {
    const support = matrix[index].reduce((sum, count) => sum + count, 0);
    const hit = matrix[index][index];
    return { label, support, recall: support > 0 ? hit / support : undefined, precision: columns[index] > 0 ? hit / columns[index] : undefined };
  });
  return { accuracy: total > 0 ? right / total : undefined, total, classes };
}

/** Writes a metric so that its size can be compared: at most six digits that count. */
export function metricText(value: number | string | boolean | null): string {
  if (typeof value !== "number") return value === null ? "—" : String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toLocaleString("en-US");
  return String(Number(value.toPrecision(6)));
}
