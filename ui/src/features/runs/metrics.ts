/** Metrics of the runs of a list, for columns that the user asks for. */
import { useQueries } from "@tanstack/react-query";
import { get } from "@/api/client";
import { listArtifacts } from "@/api/own";
import { queryClient } from "@/api/query-client";
import type { Json, Run } from "@/api/types";
import { remember, remembered } from "@/shared/storage";
import { isOver } from "@/shared/status";
import { useUrlState } from "@/shared/url";

export type Metrics = Record<string, number | string>;

const MOST = 100;

/** Which metrics are shown as columns: in the URL, and remembered. */
export function useMetricChoice(): [string[], (names: string[]) => void] {
  const [url, patch] = useUrlState();
  const text = url["metrics"] ?? remembered<string>("runs.metrics") ?? "";
  const names = text.split(",").filter((name) => name !== "" && name !== "-");
  const choose = (next: string[]) => {
    remember("runs.metrics", next.join(",") || undefined);
    patch({ metrics: next.join(",") || "-" });
  };
  return [names, choose];
}

/** Reads the metrics of runs that have ended, by run; those of v2 are artifacts, those of v1 are rows of the run. */
export function useMetrics(runs: Run[], isWanted: boolean): Map<string, Metrics> {
  const ended = isWanted ? runs.filter((run) => isOver(run.state)) : [];
  return useQueries({
    queries: ended.map((run) => ({
      queryKey: ["metrics", run.run_id, run.finished_at],
      queryFn: () => readMetrics(run.run_id),
      staleTime: Number.POSITIVE_INFINITY,
    })),
    combine: (results) => new Map(results.flatMap((result, index) => (result.data ? [[ended[index]!.run_id, result.data] as const] : []))),
  });
}

async function readMetrics(runId: string): Promise<Metrics> {
  const [artifacts, rows] = await Promise.all([
    queryClient.fetchQuery(listArtifacts({ run_id: runId, type: "system.Metrics" }, MOST)),
    get<{ run?: { metrics?: { name: string; number_value?: number }[] } }>(`apis/v1beta1/runs/${runId}`),
  ]);
  const metrics: Metrics = {};
  for (const { name, number_value } of rows.run?.metrics ?? []) metrics[name] = number_value ?? 0;
  for (const artifact of artifacts.items) Object.assign(metrics, scalars(artifact.metadata as Record<string, Json>));
  return metrics;
}

/** Returns the scalar entries; the name under which an artifact is shown is no metric. */
export function scalars(metadata: Record<string, Json>): Metrics {
  const entries = Object.entries(metadata).filter(([name, value]) => name !== "display_name" && name !== "store_session_info" && (typeof value === "number" || typeof value === "string"));
  return Object.fromEntries(entries) as Metrics;
}

/** Writes a metric in at most five significant digits. */
export function metricText(value: number | string | undefined): string {
  if (value === undefined) return "—";
  if (typeof value === "string") return value;
  if (Number.isInteger(value)) return value.toLocaleString("en-GB");
  const size = Math.abs(value);
  return size < 1e-4 || size >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}
