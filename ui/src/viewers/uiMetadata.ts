// The old platform's `mlpipeline-ui-metadata`: a list of things to show, as tasks write it.

import { parseCsv } from "./csv";
import { type Confusion, type RocPoint, sortRoc } from "./metrics";

/** Where a view's content is: in the document, or at an address. */
export type Content = { kind: "inline"; text: string } | { kind: "address"; uri: string };

export type View =
  | { type: "confusion_matrix"; content: Content; labels?: string[]; columns: string[] }
  | { type: "roc"; content: Content; columns: string[] }
  | { type: "table"; content: Content; header: string[] }
  | { type: "markdown"; content: Content }
  | { type: "web-app"; content: Content }
  | { type: "tensorboard"; logs: { series: string; uri: string }[] }
  | { type: "unknown"; name: string; problem: string };

/** Tells by an artifact's name whether it is such a document; kfp 2 writes it with underlines. */
export const isUiMetadata = (name: string) => name.replaceAll("_", "-") === "mlpipeline-ui-metadata";

/** Reads the document. Each entry that is wrong becomes a view that says so. */
export function parseUiMetadata(text: string): { views: View[]; problem?: string } {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    return { views: [], problem: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const outputs = isRecord(document) ? document["outputs"] : undefined;
  if (!Array.isArray(outputs)) return { views: [], problem: "has no list named outputs" };
  return { views: outputs.map(view) };
}

function view(entry: unknown): View {
  if (!isRecord(entry)) return { type: "unknown", name: "?", problem: "is not an object" };
  const name = typeof entry["type"] === "string" ? entry["type"] : "?";
  const refuse = (problem: string): View => ({ type: "unknown", name, problem });
  const source = entry["source"];
  if (typeof source !== "string") return refuse("has no source");
  const content: Content = entry["storage"] === "inline" ? { kind: "inline", text: source } : { kind: "address", uri: source };
  switch (name) {
    case "confusion_matrix":
    case "roc": {
      const columns = schemaNames(entry["schema"]);
      if (columns === undefined) return refuse("has no schema");
      if (name === "roc") return { type: name, content, columns };
      return { type: name, content, columns, labels: strings(entry["labels"]) };
    }
    case "table": {
      const header = strings(entry["header"]);
      return header === undefined ? refuse("has no header") : { type: name, content, header };
    }
    case "markdown":
    case "web-app":
      return { type: name, content };
    case "tensorboard":
      return { type: name, logs: logFolders(source) };
    default:
      return refuse("is of no type that is known here");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function strings(value: unknown): string[] | undefined {
  return Array.isArray(value) ? value.map(String) : undefined;
}

function schemaNames(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((column) => (isRecord(column) && typeof column["name"] === "string" ? column["name"] : String(column)));
}

/** `Series1:/path/a,Series2:/path/b` or plain folders. A colon that belongs to `gs://` names no series. */
export function logFolders(source: string): { series: string; uri: string }[] {
  return source
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part, index) => {
      const match = /^([^:/]+):(?!\/\/)(.+)$/.exec(part);
      return match === null ? { series: `Series${index + 1}`, uri: part } : { series: match[1], uri: match[2] };
    });
}

/** Rows are `target,predicted,count`; the labels come from the entry, or from the rows in their order. */
export function confusionFromCsv(text: string, labels: string[] | undefined, columns: string[] = []): Confusion | undefined {
  const place = (name: string, otherwise: number) => {
    const found = columns.indexOf(name);
    return found < 0 ? otherwise : found;
  };
  const [target, predicted, count] = [place("target", 0), place("predicted", 1), place("count", 2)];
  const rows = parseCsv(text).filter((row) => row.length >= 3);
  const isNumber = (row: string[]) => row[count].trim() !== "" && Number.isFinite(Number(row[count]));
  const cells = rows.filter(isNumber);
  if (cells.length === 0) return undefined;
  const names = labels ?? Array.from(new Set(cells.flatMap((row) => [row[target], row[predicted]])));
  const matrix = names.map(() => names.map(() => 0));
  for (const row of cells) {
    const from = names.indexOf(row[target]);
    const to = names.indexOf(row[predicted]);
    if (from >= 0 && to >= 0) matrix[from][to] += Number(row[count]);
  }
  return { labels: names, matrix };
}

export function rocFromCsv(text: string, columns: string[]): RocPoint[] {
  const place = (name: string, otherwise: number) => {
    const found = columns.findIndex((column) => column.startsWith(name));
    return found < 0 ? otherwise : found;
  };
  const [fpr, tpr, threshold] = [place("fpr", 0), place("tpr", 1), place("threshold", 2)];
  const points = parseCsv(text).flatMap((row): RocPoint[] => {
    const [x, y, at] = [Number(row[fpr]), Number(row[tpr]), Number(row[threshold])];
    if (row[fpr] === undefined || row[tpr] === undefined || !Number.isFinite(x) || !Number.isFinite(y)) return [];
    return [{ fpr: x, tpr: y, threshold: Number.isFinite(at) ? at : undefined }];
  });
  return sortRoc(points);
}
