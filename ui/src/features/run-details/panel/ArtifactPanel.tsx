import type { StepPanelProps } from "./StepPanel";
import { plainInput } from "@/graph/model/scene";
import { ErrorBanner } from "@/shared/Banner";
import { SkeletonLines } from "@/shared/Skeleton";
import { ArtifactCard } from "./DataTab";
import { PanelHead } from "./StepPanel";
import { useTaskDetail } from "./useTaskDetail";

/** An artifact node of the drawing: what the task left under that name. */
export function ArtifactPanel({ runId, live, selection, producer, output }: StepPanelProps & { producer: string; output: string }) {
  const { progress, query } = useTaskDetail(runId, producer, live.store);
  const found = query.data?.outputs.artifacts.filter((artifact) => artifact.name === output) ?? [];
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto bg-surface">
      <PanelHead title={plainInput(output)} path={producer} onClose={() => selection.selectTask(undefined)}>
        <span>
          Made by{" "}
          <button type="button" className="link" onClick={() => selection.selectTask(producer)}>
            {progress?.display_name ?? producer}
          </button>
        </span>
      </PanelHead>
      <div className="space-y-2 p-4">
        {query.error !== null && progress?.state !== undefined && <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />}
        {query.isPending && <SkeletonLines lines={5} />}
        {query.data !== undefined && found.length === 0 && <p className="text-ink-3">Nothing was left under this name so far.</p>}
        {query.error !== null && progress?.state === undefined && <p className="text-ink-3">The task that makes it has not begun.</p>}
        {found.map((artifact, index) => (
          <ArtifactCard key={artifact.artifact_id} artifact={artifact} isOpen={index < 3} />
        ))}
      </div>
    </div>
  );
}
