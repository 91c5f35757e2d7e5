import type { RecurringRun } from "@/api/types";
import { READ_ONLY, useMayEdit } from "@/shared/EditorOnly";
import { Switch } from "@/shared/Switch";
import { isEnabled, type RecurringRunActions } from "./actions";

export interface EnabledSwitchProps {
  recurring: RecurringRun;
  actions: RecurringRunActions;
  label: string;
  showLabel?: boolean;
}

/** Says whether a recurring run is on, and switches it for those who may. */
export function EnabledSwitch({ recurring, actions, label, showLabel }: EnabledSwitchProps) {
  const disabledBecause = useMayEdit() ? undefined : READ_ONLY;
  return <Switch label={label} showLabel={showLabel} isOn={isEnabled(recurring)} onChange={(isOn) => void actions.setEnabled([recurring], isOn)} disabledBecause={disabledBecause} />;
}
