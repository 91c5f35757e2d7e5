// The old platform's `mlpipeline-metrics`: a file of numbers, as tasks write it.

export interface OldMetric {
  name: string;
  value: number;
  isPercentage: boolean;
}

/** Tells by an artifact's name whether it is such a file. */
export const isOldMetrics = (name: string) => name.replaceAll("_", "-") === "mlpipeline-metrics";

/** Reads the file: `{"metrics": [{"name", "numberValue", "format"}]}`; nothing when it is none. */
export function parseOldMetrics(text: string): OldMetric[] | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  const metrics = (document as { metrics?: unknown } | null)?.metrics;
  if (!Array.isArray(metrics)) return undefined;
  return metrics.flatMap((metric: Record<string, unknown> | null): OldMetric[] => {
    const value = metric?.["numberValue"] ?? metric?.["number_value"];
    const name = metric?.["name"];
    if (typeof name !== "string" || typeof value !== "number") return [];
    return [{ name, value, isPercentage: metric?.["format"] === "PERCENTAGE" }];
  });
}

/** Writes a metric in the form that its author chose. */
export function oldMetricText({ value, isPercentage }: OldMetric): string | number {
  return isPercentage ? `${Number((value * 100).toPrecision(6))} %` : value;
}
