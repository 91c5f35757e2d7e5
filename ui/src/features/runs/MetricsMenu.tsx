import { ChartSpline } from "lucide-react";
import { Button } from "@/shared/Button";
import { Menu } from "@/shared/Menu";
import type { Metrics } from "./metrics";

export interface MetricsMenuProps {
  metrics: Map<string, Metrics>;
  chosen: string[];
  onChoose: (names: string[]) => void;
  /** Metrics are read only once somebody wants them. */
  onOpen: () => void;
}

/** Which metrics of the listed runs are columns. */
export function MetricsMenu({ metrics, chosen, onChoose, onOpen }: MetricsMenuProps) {
  const names = [...new Set([...chosen, ...[...metrics.values()].flatMap((of) => Object.keys(of))])].sort();
  const toggle = (name: string) => onChoose(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  const none = { id: "none", label: "No metrics", disabledBecause: "The runs of this page have recorded none.", onAction: () => {} };
  return (
    <Menu
      label="Metrics"
      onOpen={onOpen}
      trigger={
        <Button icon={<ChartSpline size={14} />} className={chosen.length > 0 ? "bg-accent-soft text-accent-ink" : "text-ink-2"}>
          Metrics
        </Button>
      }
      entries={names.length === 0 ? [none] : names.map((name) => ({ id: name, label: name, isChecked: chosen.includes(name), onAction: () => toggle(name) }))}
    />
  );
}
