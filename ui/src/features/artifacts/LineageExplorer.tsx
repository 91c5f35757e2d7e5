import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileBox } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { getLineage } from "@/api/own";
import type { LineageNode, LineageView } from "@/api/own-types";
import { layout } from "@/graph/layout/layout";
import { plainInput } from "@/graph/model/scene";
import { ErrorBanner } from "@/shared/Banner";
import { cx } from "@/shared/cx";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";

const BOX = { width: 220, height: 46 };
const MARGIN = 24;

/** Where an artifact came from and what became of it, over all runs. */
export function LineageExplorer({ artifact }: { artifact: string }) {
  const [depth, setDepth] = useState(3);
  const query = useQuery(getLineage(artifact, depth));
  if (query.error && query.data === undefined) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />;
  if (query.data === undefined) return <div className="p-6"><SkeletonLines lines={5} /></div>;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex items-center gap-3 border-b border-line px-4 py-2 text-xs text-ink-3">
        <label className="flex items-center gap-2">
          Steps to follow
          <input type="range" min={1} max={10} value={depth} onChange={(event) => setDepth(Number(event.target.value))} className="w-28 accent-accent" />
          <span className="tnum text-ink">{depth}</span>
        </label>
        {query.data.truncated && <span>More lies beyond; follow fewer steps, or open a node to go on from there.</span>}
      </div>
      <Drawing lineage={query.data} center={artifact} isStale={query.isPlaceholderData} />
    </div>
  );
}

function Drawing({ lineage, center, isStale }: { lineage: LineageView; center: string; isStale: boolean }) {
  const placed = useMemo(
    () => layout({ nodes: lineage.nodes.map((node) => ({ id: node.id, ...BOX })), edges: lineage.edges }, { direction: "right" }),
    [lineage],
  );
  const region = useRef<HTMLDivElement>(null);
  // A long history is wider than the window: what it is about is shown first.
  useEffect(() => {
    if (placed.boxes.length > 0) region.current?.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "center", inline: "center" });
  }, [placed]);
  const byId = new Map(lineage.nodes.map((node) => [node.id, node]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable
    <div ref={region} tabIndex={0} role="region" aria-label="Lineage" className={cx("flex min-h-96 flex-1 overflow-auto bg-canvas transition-opacity", isStale && "opacity-60")}>
      <div style={{ width: placed.width + 2 * MARGIN, height: placed.height + 2 * MARGIN }} className="relative m-auto shrink-0">
        <svg aria-hidden width={placed.width + 2 * MARGIN} height={placed.height + 2 * MARGIN} className="absolute inset-0">
          <g transform={`translate(${MARGIN} ${MARGIN})`} fill="none" stroke="var(--ink-3)" strokeOpacity="0.7" strokeWidth="1.3">
            {placed.routes.map((route) => (
              <path key={`${route.from} ${route.to}`} d={curve(route.points)} />
            ))}
          </g>
        </svg>
        {placed.blocks.map((block) => (
          <div key={block.id} aria-hidden style={{ left: block.x + MARGIN, top: block.y + MARGIN, width: block.width, height: block.height }} className="absolute rounded-xl border border-dashed border-line-strong" />
        ))}
        <ul>
          {placed.boxes.map((box) => {
            const node = byId.get(box.id);
            return (
              node !== undefined && (
                <li key={box.id} style={{ left: box.x + MARGIN, top: box.y + MARGIN, ...BOX }} className="absolute">
                  <NodeLink node={node} isCenter={node.kind === "artifact" && node.artifact.artifact_id === center} />
                </li>
              )
            );
          })}
        </ul>
      </div>
    </div>
  );
}

function NodeLink({ node, isCenter }: { node: LineageNode; isCenter: boolean }) {
  const look = cx(
    "flex size-full items-center gap-2.5 bg-surface px-3 ring-1 hover:ring-ink-3",
    isCenter ? "ring-2 ring-accent" : "ring-line-strong",
    node.kind === "artifact" ? "rounded-full" : "rounded-lg",
  );
  if (node.kind === "artifact") {
    return (
      <Link to="/artifacts/$artifactId" params={{ artifactId: node.artifact.artifact_id }} search={{ tab: "lineage" } as never} aria-current={isCenter ? "true" : undefined} className={look}>
        <FileBox size={15} aria-hidden className="shrink-0 text-ink-3" />
        <span className="min-w-0">
          <span className="block truncate text-xs font-medium">{plainInput(node.artifact.name)}</span>
          <span className="block truncate text-2xs text-ink-3">{node.artifact.type.replace(/^system\./, "")}</span>
        </span>
      </Link>
    );
  }
  return (
    <Link to="/runs/details/$runId" params={{ runId: node.run_id }} search={{ task: node.task } as never} className={look}>
      <StatusIcon state={node.state} size={15} label={lookOf(node.state).word} />
      <span className="min-w-0">
        <span className="block truncate text-xs font-medium">{node.display_name}</span>
        <span className="block truncate text-2xs text-ink-3">{node.pipeline_name}</span>
      </span>
    </Link>
  );
}

function curve(points: { x: number; y: number }[]): string {
  let path = `M${points[0].x} ${points[0].y}`;
  for (let index = 1; index < points.length; index++) {
    const from = points[index - 1];
    const to = points[index];
    const middle = (from.x + to.x) / 2;
    path += `C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
  }
  return path;
}
