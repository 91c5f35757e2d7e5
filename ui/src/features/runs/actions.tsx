/** What one can do to runs: with progress, a way back, or a question first where something is lost. */
import { useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, CircleStop, Copy, GitCompareArrows, RotateCcw, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { actOnRun, deleteRun, renew } from "@/api/actions";
import type { Run } from "@/api/types";
import { actOnAll, counted, runBulk } from "@/shared/bulk";
import { ConfirmDialog } from "@/shared/Dialog";
import type { MenuEntry } from "@/shared/Menu";
import { isOver } from "@/shared/status";
import { toast } from "@/shared/toast";

const base = { noun: "run", name: (run: Run) => run.display_name, after: () => renew("runs", "experiments") };
const id = (run: Run) => run.run_id;

export const archiveRuns = (runs: Run[]) =>
  runBulk({
    ...base,
    items: runs,
    doing: "Archiving",
    done: "Archived",
    act: (run) => actOnRun(id(run), "archive"),
    undo: (run) => actOnRun(id(run), "unarchive"),
  });
export const restoreRuns = (runs: Run[]) =>
  runBulk({
    ...base,
    items: runs,
    doing: "Restoring",
    done: "Restored",
    act: (run) => actOnRun(id(run), "unarchive"),
    undo: (run) => actOnRun(id(run), "archive"),
  });
export const retryRuns = (runs: Run[]) =>
  runBulk({ ...base, items: runs, doing: "Retrying", done: "Retrying", act: (run) => actOnRun(id(run), "retry") });

export interface RunActions {
  compare: (runs: Run[]) => void;
  clone: (run: Run) => void;
  archive: (runs: Run[]) => Promise<void>;
  restore: (runs: Run[]) => Promise<void>;
  retry: (runs: Run[]) => Promise<void>;
  /** Asks first. */
  terminate: (runs: Run[]) => void;
  remove: (runs: Run[], after?: () => void) => void;
  /** The questions; to be rendered once. */
  dialogs: ReactNode;
}

type Question = { verb: "terminate" | "delete"; runs: Run[]; after?: () => void };

export function useRunActions(): RunActions {
  const navigate = useNavigate();
  const [question, setQuestion] = useState<Question>();
  const asked = question?.runs ?? [];
  const what = asked.length === 1 ? `“${asked[0]!.display_name}”` : counted(asked.length, "run");
  const perform = async () => {
    const act = question?.verb === "terminate" ? (run: Run) => actOnRun(id(run), "terminate") : (run: Run) => deleteRun(id(run));
    const outcome = await actOnAll(asked, act);
    await renew("runs", "experiments");
    if (outcome.failed.length > 0) throw new Error(outcome.failed[0]!.problem);
    toast(question?.verb === "terminate" ? `Stopping ${what}` : `Deleted ${what}`);
    question?.after?.();
  };
  const isDelete = question?.verb === "delete";
  const dialogs = (
    <ConfirmDialog
      title={`${isDelete ? "Delete" : "Stop"} ${what}?`}
      action={isDelete ? "Delete" : "Stop"}
      isDangerous
      isOpen={question !== undefined}
      onClose={() => setQuestion(undefined)}
      onConfirm={perform}
    >
      {isDelete
        ? `Tasks and all that was recorded go with ${asked.length === 1 ? "it" : "them"}, for good. What still runs is stopped first.`
        : "Tasks that run now are ended; those not begun never start. What has been finished stays, and exit handlers still run."}
    </ConfirmDialog>
  );
  return {
    compare: (runs) => void navigate({ to: "/compare", search: { runlist: runs.map(id).join(",") } }),
    clone: (run) => void navigate({ to: "/runs/new", search: { cloneFromRun: id(run) } }),
    archive: archiveRuns,
    restore: restoreRuns,
    retry: retryRuns,
    terminate: (runs) => setQuestion({ verb: "terminate", runs }),
    remove: (runs, after) => setQuestion({ verb: "delete", runs, after }),
    dialogs,
  };
}

export const canTerminate = (run: Run) => !isOver(run.state) && run.state !== "CANCELING";
export const canRetry = (run: Run) => run.state === "FAILED" || run.state === "CANCELED";

/** The menu of one run. */
export function runMenu(run: Run, actions: RunActions): (MenuEntry | null | false)[] {
  const isArchived = run.storage_state === "ARCHIVED";
  return [
    { id: "clone", isChange: true, label: "Clone", icon: <Copy size={14} />, onAction: () => actions.clone(run) },
    canRetry(run) && { id: "retry", isChange: true, label: "Retry what failed", icon: <RotateCcw size={14} />, onAction: () => void actions.retry([run]) },
    canTerminate(run) && { id: "stop", isChange: true, label: "Stop", icon: <CircleStop size={14} />, onAction: () => actions.terminate([run]) },
    isArchived
      ? { id: "restore", isChange: true, label: "Restore", icon: <ArchiveRestore size={14} />, onAction: () => void actions.restore([run]) }
      : { id: "archive", isChange: true, label: "Archive", icon: <Archive size={14} />, onAction: () => void actions.archive([run]) },
    null,
    { id: "delete", isChange: true, label: "Delete…", icon: <Trash2 size={14} />, isDangerous: true, onAction: () => actions.remove([run]) },
  ];
}

export const compareIcon = <GitCompareArrows size={14} />;
/** The least and the most runs that the comparison page takes. */
export const COMPARABLE = [2, 10] as const;
