import { useQuery } from "@tanstack/react-query";
import { getArtifact } from "@/api/own";
import type { ArtifactView } from "@/api/own-types";
import { ErrorBanner } from "@/shared/Banner";
import { SkeletonLines } from "@/shared/Skeleton";
import { ClassificationView, SlicedView } from "./ClassificationView";
import { FileView } from "./FileView";
import { FolderView } from "./FolderView";
import { classification, scalars, slices } from "./metrics";
import { MetricsTable } from "./MetricsTable";
import { OldMetricsView } from "./OldMetricsView";
import { isOldMetrics } from "./oldMetrics";
import { isUiMetadata } from "./uiMetadata";
import { UiMetadataView } from "./UiMetadataView";

/** What an artifact is about, shown as well as its type allows. */
export function ArtifactPreview({ artifact }: { artifact: ArtifactView }) {
  const { type, name, metadata } = artifact;
  if (type === "system.Metrics") {
    const metrics = scalars(metadata);
    return metrics.length === 0 ? <p className="text-ink-3">No metric was logged.</p> : <MetricsTable metrics={metrics} label={`Metrics of ${name}`} />;
  }
  if (type === "system.ClassificationMetrics") return <ClassificationView metrics={classification(metadata)} name={name} />;
  if (type === "system.SlicedClassificationMetrics") return <SlicedView slices={slices(metadata)} name={name} />;
  return <ContentPreview artifact={artifact} />;
}

/** Artifacts whose content says something; what it is, the server knows. */
function ContentPreview({ artifact }: { artifact: ArtifactView }) {
  const known = artifact.exists !== undefined && artifact.media !== undefined;
  const query = useQuery({ ...getArtifact(artifact.artifact_id), enabled: !known });
  const full = known ? artifact : query.data;
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (full === undefined) return <SkeletonLines lines={4} />;
  const id = artifact.artifact_id;
  if (full.exists === false) return <p className="text-ink-3">Nothing lies at its address any more, or it is not on this machine.</p>;
  if (isOldMetrics(artifact.name)) return <OldMetricsView artifact={id} name={artifact.name} />;
  if (isUiMetadata(artifact.name)) return <UiMetadataView artifact={id} name={artifact.name} />;
  if (full.is_folder === true || full.media === "folder") return <FolderView artifact={id} name={artifact.name} />;
  // The type is the author's word on the content and goes before what the bytes look like.
  const media = artifact.type === "system.HTML" ? "html" : artifact.type === "system.Markdown" ? "markdown" : full.media;
  return <FileView artifact={id} name={artifact.name} media={media} />;
}
