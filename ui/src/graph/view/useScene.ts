import { useMemo, useState } from "react";
import type { GraphView } from "@/api/own-types";
import { remember, remembered } from "@/shared/storage";
import { useLayout } from "../layout/useLayout";
import type { Direction } from "../layout/types";
import { everyGroup, groupsAround, openAtFirst } from "../model/opening";
import { scene } from "../model/scene";
import { SpatialIndex } from "./spatial";

/** What is drawn and where: which groups are open, which way it flows, and the layout of that. */
export function useScene(view: GraphView) {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => openAtFirst(view));
  const [direction, setDirection] = useState<Direction>(() => remembered<Direction>("graph.direction") ?? "down");
  const [showArtifacts, setShowArtifacts] = useState(() => remembered<boolean>("graph.artifacts") ?? false);
  const [hasLabels, setLabels] = useState(() => remembered<boolean>("graph.labels") ?? false);
  const wanted = useMemo(() => scene(view, { open, showArtifacts }), [view, open, showArtifacts]);
  const laidOut = useLayout(wanted.graph, direction);
  // A layout that is still being made shows the scene that the one before was made of.
  const [shown, setShown] = useState(wanted);
  if (laidOut?.graph === wanted.graph && shown !== wanted) setShown(wanted);
  const index = useMemo(() => (laidOut === undefined ? undefined : new SpatialIndex(laidOut.layout)), [laidOut]);
  const groups = useMemo(() => everyGroup(view), [view]);
  return {
    scene: laidOut?.graph === wanted.graph ? wanted : shown,
    index,
    direction: laidOut?.direction ?? direction,
    showArtifacts,
    hasLabels,
    hasGroups: groups.size > 0,
    isOpen: (id: string) => open.has(id),
    toggle: (id: string) =>
      setOpen((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    /** Opens everything around a node. */
    openTo: (id: string) =>
      setOpen((before) => {
        const missing = groupsAround(id).filter((group) => !before.has(group));
        return missing.length === 0 ? before : new Set([...before, ...missing]);
      }),
    openAll: () => setOpen(groups),
    closeAll: () => setOpen(new Set()),
    turn: () => {
      const next = direction === "down" ? "right" : "down";
      remember("graph.direction", next);
      setDirection(next);
    },
    toggleLabels: () => {
      remember("graph.labels", !hasLabels);
      setLabels(!hasLabels);
    },
    toggleArtifacts: () => {
      remember("graph.artifacts", !showArtifacts);
      setShowArtifacts(!showArtifacts);
    },
  };
}
