/** What one can do to experiments. */
import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, CalendarClock, Play, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { actOnExperiment, deleteExperiment, renew } from "@/api/actions";
import type { Experiment } from "@/api/types";
import { actOnAll, counted, runBulk } from "@/shared/bulk";
import { ConfirmDialog } from "@/shared/Dialog";
import type { MenuEntry } from "@/shared/Menu";
import { toast } from "@/shared/toast";

export interface ExperimentActions {
  archive: (experiments: Experiment[], after?: () => void) => void;
  restore: (experiments: Experiment[]) => Promise<void>;
  remove: (experiments: Experiment[], after?: () => void) => void;
  menu: (experiment: Experiment) => (MenuEntry | null)[];
  dialogs: ReactNode;
}

type Question = { verb: "archive" | "delete"; experiments: Experiment[]; after?: () => void };

const after = () => renew("experiments", "runs", "recurring-runs");

export function useExperimentActions(): ExperimentActions {
  const navigate = useNavigate();
  const [question, setQuestion] = useState<Question>();
  const { experiments = [], verb } = question ?? {};
  const what = experiments.length === 1 ? `“${experiments[0]!.display_name}”` : counted(experiments.length, "experiment");
  const perform = async () => {
    const act = (experiment: Experiment) => (verb === "archive" ? actOnExperiment(experiment.experiment_id, "archive") : deleteExperiment(experiment.experiment_id));
    const { failed } = await actOnAll(experiments, act);
    await after();
    if (failed.length > 0) throw new Error(`“${failed[0]!.item.display_name}”: ${failed[0]!.problem}`);
    toast(`${verb === "archive" ? "Archived" : "Deleted"} ${what}`);
    question?.after?.();
  };
  const restore = (chosen: Experiment[]) =>
    runBulk({
      items: chosen,
      act: (experiment) => actOnExperiment(experiment.experiment_id, "unarchive"),
      doing: "Restoring",
      done: "Restored",
      noun: "experiment",
      name: (experiment) => experiment.display_name,
      after,
    });
  return {
    archive: (chosen, then) => setQuestion({ verb: "archive", experiments: chosen, after: then }),
    remove: (chosen, then) => setQuestion({ verb: "delete", experiments: chosen, after: then }),
    restore,
    menu: (experiment) => [
      { id: "run", isChange: true, label: "New run", icon: <Play size={14} />, onAction: () => void navigate({ to: "/runs/new", search: { experimentId: experiment.experiment_id } }) },
      {
        id: "recurring",
        isChange: true,
        label: "New recurring run",
        icon: <CalendarClock size={14} />,
        onAction: () => void navigate({ to: "/runs/new", search: { experimentId: experiment.experiment_id, recurring: "1" } }),
      },
      experiment.storage_state === "ARCHIVED"
        ? { id: "restore", isChange: true, label: "Restore", icon: <ArchiveRestore size={14} />, onAction: () => void restore([experiment]) }
        : { id: "archive", isChange: true, label: "Archive…", icon: <Archive size={14} />, onAction: () => setQuestion({ verb: "archive", experiments: [experiment] }) },
      null,
      { id: "delete", isChange: true, label: "Delete…", icon: <Trash2 size={14} />, isDangerous: true, onAction: () => setQuestion({ verb: "delete", experiments: [experiment] }) },
    ],
    dialogs: (
      <ConfirmDialog
        title={`${verb === "archive" ? "Archive" : "Delete"} ${what}?`}
        action={verb === "archive" ? "Archive" : "Delete"}
        isDangerous={verb === "delete"}
        isOpen={question !== undefined}
        onClose={() => setQuestion(undefined)}
        onConfirm={perform}
      >
        {verb === "archive"
          ? "All runs in it are archived with it, and its recurring runs are switched off. Restoring the experiment later does not bring these back by itself."
          : "The experiment is removed for good. Its runs and recurring runs stay."}
      </ConfirmDialog>
    ),
  };
}
