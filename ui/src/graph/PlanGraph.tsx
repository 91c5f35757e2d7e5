import { useState } from "react";
import type { GraphView } from "@/api/own-types";
import { GraphCanvas } from "./GraphCanvas";

export interface PlanGraphProps {
  /** As `pipelines/{id}/versions/{id}/graph` gives it. */
  plan: GraphView;
  /** Called with the node that was opened (`root/train`), or nothing when none is any more. */
  onOpen?: (node: string | undefined) => void;
  selected?: string;
}

/** A pipeline without a run. */
export function PlanGraph({ plan, onOpen, selected }: PlanGraphProps) {
  const [own, setOwn] = useState<string>();
  const select = (node: string | undefined) => {
    setOwn(node);
    onOpen?.(node);
  };
  return <GraphCanvas view={plan} label={`Graph of ${plan.display_name ?? plan.name}`} selected={onOpen === undefined ? own : selected} onSelect={select} />;
}
