import { ListFilter } from "lucide-react";
import { Button } from "@/shared/Button";
import { Menu } from "@/shared/Menu";
import { StatusIcon } from "@/shared/StatusBadge";
import { filterableStates, lookOf } from "@/shared/status";

/** Which states are shown; none chosen shows all. */
export function StateFilter({ chosen, onChange }: { chosen: string[]; onChange: (states: string[]) => void }) {
  const toggle = (state: string) => onChange(chosen.includes(state) ? chosen.filter((other) => other !== state) : [...chosen, state]);
  const words = chosen.map((state) => lookOf(state).word).join(", ");
  return (
    <Menu
      label="States"
      trigger={
        <Button icon={<ListFilter size={14} />} className={chosen.length > 0 ? "bg-accent-soft text-accent-ink" : "text-ink-2"}>
          {words || "State"}
        </Button>
      }
      entries={[
        ...filterableStates.map((state) => ({
          id: state,
          label: lookOf(state).word,
          icon: <StatusIcon state={state} />,
          isChecked: chosen.includes(state),
          onAction: () => toggle(state),
        })),
        chosen.length > 0 && null,
        chosen.length > 0 && { id: "all", label: "Show all", onAction: () => onChange([]) },
      ]}
    />
  );
}
