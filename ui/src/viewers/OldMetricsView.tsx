import { useQuery } from "@tanstack/react-query";
import { getArtifactHead } from "@/api/own";
import { ErrorBanner } from "@/shared/Banner";
import { SkeletonLines } from "@/shared/Skeleton";
import { FileView } from "./FileView";
import { MetricsTable } from "./MetricsTable";
import { oldMetricText, parseOldMetrics } from "./oldMetrics";

/** The metrics that a task of the old platform left in a file. */
export function OldMetricsView({ artifact, name }: { artifact: string; name: string }) {
  const query = useQuery(getArtifactHead(artifact));
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={3} />;
  const metrics = parseOldMetrics(query.data.text);
  // Whatever else it is, it is shown.
  if (metrics === undefined || metrics.length === 0) return <FileView artifact={artifact} name={name} media={query.data.media} />;
  return <MetricsTable label={`Metrics of ${name}`} metrics={metrics.map((metric) => [metric.name, oldMetricText(metric)])} />;
}
