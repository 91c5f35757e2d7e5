/** What one can do to pipelines and their versions. */
import { useNavigate } from "@tanstack/react-router";
import { CalendarClock, Play, Trash2, Upload } from "lucide-react";
import { useState, type ReactNode } from "react";
import { deletePipeline, deleteVersion, renew } from "@/api/actions";
import type { Pipeline, PipelineVersion } from "@/api/types";
import { actOnAll, counted } from "@/shared/bulk";
import { ConfirmDialog } from "@/shared/Dialog";
import type { MenuEntry } from "@/shared/Menu";
import { toast } from "@/shared/toast";

export interface PipelineActions {
  remove: (pipelines: Pipeline[], after?: () => void) => void;
  removeVersion: (version: PipelineVersion, after?: () => void) => void;
  menu: (pipeline: Pipeline, versionId?: string) => (MenuEntry | null)[];
  dialogs: ReactNode;
}

type Question = { pipelines: Pipeline[]; version?: PipelineVersion; after?: () => void };

export function usePipelineActions(): PipelineActions {
  const navigate = useNavigate();
  const [question, setQuestion] = useState<Question>();
  const { pipelines = [], version } = question ?? {};
  const what = version ? `version “${version.display_name}”` : pipelines.length === 1 ? `“${pipelines[0]!.display_name}”` : counted(pipelines.length, "pipeline");
  const perform = async () => {
    if (version) await deleteVersion(version.pipeline_id, version.pipeline_version_id);
    else {
      const { failed } = await actOnAll(pipelines, (pipeline) => deletePipeline(pipeline.pipeline_id));
      if (failed.length > 0) throw new Error(`“${failed[0]!.item.display_name}”: ${failed[0]!.problem}`);
    }
    await renew("pipelines", "versions");
    toast(`Deleted ${what}`);
    question?.after?.();
  };
  return {
    remove: (chosen, after) => setQuestion({ pipelines: chosen, after }),
    removeVersion: (chosen, after) => setQuestion({ pipelines: [], version: chosen, after }),
    menu: (pipeline, versionId) => [
      {
        id: "run",
        isChange: true,
        label: "New run",
        icon: <Play size={14} />,
        onAction: () => void navigate({ to: "/runs/new", search: presets(pipeline, versionId) }),
      },
      {
        id: "recurring",
        isChange: true,
        label: "New recurring run",
        icon: <CalendarClock size={14} />,
        onAction: () => void navigate({ to: "/runs/new", search: { ...presets(pipeline, versionId), recurring: "1" } }),
      },
      {
        id: "upload",
        isChange: true,
        label: "Upload a version",
        icon: <Upload size={14} />,
        onAction: () => void navigate({ to: "/pipeline_versions/new", search: { pipelineId: pipeline.pipeline_id } }),
      },
      null,
      { id: "delete", isChange: true, label: "Delete pipeline…", icon: <Trash2 size={14} />, isDangerous: true, onAction: () => setQuestion({ pipelines: [pipeline] }) },
    ],
    dialogs: (
      <ConfirmDialog title={`Delete ${what}?`} action="Delete" isDangerous isOpen={question !== undefined} onClose={() => setQuestion(undefined)} onConfirm={perform}>
        {version ? "The version is removed for good." : "All their versions are removed with them, for good."} Runs that were made from it stay; recurring runs that use it will
        fail.
      </ConfirmDialog>
    ),
  };
}

function presets(pipeline: Pipeline, versionId?: string): Record<string, string> {
  return { pipelineId: pipeline.pipeline_id, ...(versionId ? { pipelineVersionId: versionId } : {}) };
}
