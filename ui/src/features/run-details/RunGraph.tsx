import { useCallback } from "react";
import { GraphCanvas } from "@/graph/GraphCanvas";
import { instanceKey } from "@/graph/model/keys";
import type { SceneNode } from "@/graph/model/scene";
import type { LiveRun } from "./live";
import { LoopStrip } from "./LoopStrip";
import type { Selection } from "./selection";

/** The run as a drawing, with a strip of iterations in each open loop. */
export function RunGraph({ live, selection, runId }: { live: LiveRun; selection: Selection; runId: string }) {
  const { chosen, choose } = selection;
  const strip = useCallback(
    (node: SceneNode, width: number) => (
      <Strip key={node.id} runId={runId} live={live} node={node.id} chosen={chosen} choose={choose} width={width} />
    ),
    [runId, live, chosen, choose],
  );
  if (live.view === undefined) return null;
  return (
    <GraphCanvas
      key={runId}
      view={live.view}
      label={`Graph of run ${live.run?.display_name ?? runId}`}
      store={live.store}
      chosen={chosen}
      selected={selection.node}
      onSelect={selection.selectNode}
      strip={strip}
    />
  );
}

interface StripProps {
  runId: string;
  live: LiveRun;
  node: string;
  chosen: Selection["chosen"];
  choose: Selection["choose"];
  width: number;
}

function Strip({ runId, live, node, chosen, choose, width }: StripProps) {
  const onChoose = useCallback((iteration: number) => choose(node, iteration), [choose, node]);
  return (
    <LoopStrip run={runId} loop={instanceKey(node, chosen)} store={live.store} chosen={chosen.get(node)} onChoose={onChoose} width={width} />
  );
}
