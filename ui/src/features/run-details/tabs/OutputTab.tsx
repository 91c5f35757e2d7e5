import { useQuery } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useRef } from "react";
import { getTask, listArtifacts } from "@/api/own";
import type { ArtifactView } from "@/api/own-types";
import { ErrorBanner } from "@/shared/Banner";
import { EmptyState } from "@/shared/EmptyState";
import { SkeletonLines } from "@/shared/Skeleton";
import { useProgressVersion } from "@/graph/view/useProgress";
import { isFinal, type LiveRun } from "../live";
import { ArtifactCard, Side } from "../panel/DataTab";
import { isOldMetrics } from "@/viewers/oldMetrics";
import { isUiMetadata } from "@/viewers/uiMetadata";
import type { Selection } from "../selection";

const METRICS = ["system.Metrics", "system.ClassificationMetrics", "system.SlicedClassificationMetrics"];
const SHOWN_FIRST = ["system.HTML", "system.Markdown"];

/** What the run has to show for itself: its own outputs, its metrics and reports, then every other artifact. */
export function OutputTab({ runId, live, selection }: { runId: string; live: LiveRun; selection: Selection }) {
  const isMoving = live.run !== undefined && !isFinal(live.run.state);
  const version = useProgressVersion(live.store);
  const root = useQuery(getTask(runId, "root"));
  const query = useQuery(listArtifacts({ run_id: runId }, 200));
  useRenewal(isMoving ? version : -1, () => {
    void root.refetch();
    void query.refetch();
  });
  if (query.error && query.data === undefined) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />;
  if (query.data === undefined) return <div className="p-6"><SkeletonLines lines={6} /></div>;
  const all = query.data.items;
  const metrics = all.filter((artifact) => METRICS.includes(artifact.type) || isOldMetrics(artifact.name));
  const reports = all.filter((artifact) => SHOWN_FIRST.includes(artifact.type) || isUiMetadata(artifact.name));
  const others = all.filter((artifact) => !metrics.includes(artifact) && !reports.includes(artifact));
  const outputs = root.data?.outputs;
  const hasOwn = outputs !== undefined && outputs.parameters.length + outputs.artifacts.length > 0;
  if (all.length === 0 && !hasOwn) {
    return <EmptyState title="Nothing yet">{isMoving ? "Metrics and artifacts appear here as tasks finish." : "The run left no outputs, metrics or artifacts."}</EmptyState>;
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <div className="mx-auto max-w-5xl space-y-8 p-6 max-md:p-4">
        {hasOwn && <Side title="Outputs of the pipeline" values={outputs} empty="" />}
        <Group title="Metrics" artifacts={metrics} isOpen onTask={selection.selectTask} />
        <Group title="Reports" artifacts={reports} isOpen onTask={selection.selectTask} />
        <Group title="Artifacts" artifacts={others} onTask={selection.selectTask} />
        {query.data.next !== undefined && <p className="text-ink-3">The newest 200 are shown; the page of artifacts has all of them.</p>}
      </div>
    </div>
  );
}

/** Reads again when tasks have changed, once things have been quiet for a moment. */
function useRenewal(version: number, renew: () => void): void {
  const onQuiet = useEffectEvent(renew);
  const first = useRef(version);
  useEffect(() => {
    if (first.current === version) return;
    const timer = setTimeout(() => onQuiet(), 700);
    return () => clearTimeout(timer);
  }, [version]);
}

function Group({ title, artifacts, isOpen = false, onTask }: { title: string; artifacts: ArtifactView[]; isOpen?: boolean; onTask: (task: string) => void }) {
  if (artifacts.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 className="mb-2 text-sm">{title}</h2>
      <div className="space-y-3">
        {artifacts.map((artifact, index) => (
          <div key={artifact.artifact_id}>
            {artifact.task !== undefined && (
              <button type="button" onClick={() => onTask(artifact.task as string)} className="link mb-1 text-xs">
                {artifact.task.replace(/^root\//, "").replaceAll("/", " / ")}
              </button>
            )}
            <ArtifactCard artifact={artifact} isOpen={isOpen && index < 12} />
          </div>
        ))}
      </div>
    </section>
  );
}
