/** What one can do to recurring runs. */
import { useNavigate } from "@tanstack/react-router";
import { Copy, Pause, Play, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { actOnRecurringRun, deleteRecurringRun, renew } from "@/api/actions";
import type { RecurringRun } from "@/api/types";
import { actOnAll, counted, runBulk } from "@/shared/bulk";
import { ConfirmDialog } from "@/shared/Dialog";
import type { MenuEntry } from "@/shared/Menu";
import { toast } from "@/shared/toast";

export const isEnabled = (recurring: RecurringRun) => recurring.status === "ENABLED" || (recurring.status === undefined && recurring.mode === "ENABLE");

export interface RecurringRunActions {
  setEnabled: (recurring: RecurringRun[], isOn: boolean) => Promise<void>;
  clone: (recurring: RecurringRun) => void;
  remove: (recurring: RecurringRun[], after?: () => void) => void;
  menu: (recurring: RecurringRun) => (MenuEntry | null)[];
  dialogs: ReactNode;
}

export function useRecurringRunActions(): RecurringRunActions {
  const navigate = useNavigate();
  const [question, setQuestion] = useState<{ items: RecurringRun[]; after?: () => void }>();
  const items = question?.items ?? [];
  const what = items.length === 1 ? `“${items[0]!.display_name}”` : counted(items.length, "recurring run");
  const perform = async () => {
    const { failed } = await actOnAll(items, (recurring) => deleteRecurringRun(recurring.recurring_run_id));
    await renew("recurring-runs");
    if (failed.length > 0) throw new Error(`“${failed[0]!.item.display_name}”: ${failed[0]!.problem}`);
    toast(`Deleted ${what}`);
    question?.after?.();
  };
  const setEnabled = (chosen: RecurringRun[], isOn: boolean) =>
    runBulk({
      items: chosen,
      act: (recurring) => actOnRecurringRun(recurring.recurring_run_id, isOn ? "enable" : "disable"),
      undo: (recurring) => actOnRecurringRun(recurring.recurring_run_id, isOn ? "disable" : "enable"),
      doing: isOn ? "Switching on" : "Switching off",
      done: isOn ? "Switched on" : "Switched off",
      noun: "recurring run",
      name: (recurring) => recurring.display_name,
      after: () => renew("recurring-runs"),
    });
  const clone = (recurring: RecurringRun) => void navigate({ to: "/runs/new", search: { cloneFromRecurringRun: recurring.recurring_run_id } });
  return {
    setEnabled,
    clone,
    remove: (chosen, after) => setQuestion({ items: chosen, after }),
    menu: (recurring) => [
      isEnabled(recurring)
        ? { id: "off", isChange: true, label: "Switch off", icon: <Pause size={14} />, onAction: () => void setEnabled([recurring], false) }
        : { id: "on", isChange: true, label: "Switch on", icon: <Play size={14} />, onAction: () => void setEnabled([recurring], true) },
      { id: "clone", isChange: true, label: "Clone", icon: <Copy size={14} />, onAction: () => clone(recurring) },
      null,
      { id: "delete", isChange: true, label: "Delete…", icon: <Trash2 size={14} />, isDangerous: true, onAction: () => setQuestion({ items: [recurring] }) },
    ],
    dialogs: (
      <ConfirmDialog title={`Delete ${what}?`} action="Delete" isDangerous isOpen={question !== undefined} onClose={() => setQuestion(undefined)} onConfirm={perform}>
        It starts no more runs and is removed for good. Runs that it has started stay.
      </ConfirmDialog>
    ),
  };
}
