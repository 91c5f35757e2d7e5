import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { GitCompareArrows, Plus, X } from "lucide-react";
import { useState } from "react";
import { compareRuns } from "@/api/own";
import type { CompareView } from "@/api/own-types";
import { ErrorBanner } from "@/shared/Banner";
import { Button, IconButton, LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { Tabs } from "@/shared/Tabs";
import { useUrlState } from "@/shared/url";
import { AddRunDialog } from "./AddRunDialog";
import { CompareArtifacts } from "./CompareArtifacts";
import { chartCount, CompareCharts } from "./CompareCharts";
import { CompareGraph } from "./CompareGraph";
import { CompareReports } from "./CompareReports";
import { CompareSummary } from "./CompareSummary";

const LEAST = 2;
const MOST = 10;

/** Two to ten runs beside one another. */
export default function ComparePage() {
  const [url, patch] = useUrlState();
  const [isAdding, setAdding] = useState(false);
  const ids = Array.from(new Set((url["runlist"] ?? "").split(",").filter(Boolean))).slice(0, MOST);
  const query = useQuery(compareRuns(ids));
  const set = (next: string[]) => patch({ runlist: next.join(",") || undefined }, { push: true });
  const view = query.data !== undefined && ids.length >= LEAST ? query.data : undefined;
  return (
    <Page
      title="Compare runs"
      crumbs={[{ label: "Runs", to: "/runs" }]}
      actions={
        <Button small icon={<Plus size={13} />} onPress={() => setAdding(true)} isDisabled={ids.length >= MOST}>
          Add a run
        </Button>
      }
    >
      {ids.length < LEAST && (
        <EmptyState
          icon={<GitCompareArrows size={20} />}
          title={ids.length === 0 ? "Choose runs to compare" : "One more run is needed"}
          action={
            <>
              <Button kind="primary" icon={<Plus size={14} />} onPress={() => setAdding(true)}>
                Add a run
              </Button>
              <LinkButton to="/runs">All runs</LinkButton>
            </>
          }
        >
          Two to ten runs can be compared: their parameters, metrics, reports, artifacts and what their tasks did.
        </EmptyState>
      )}
      {query.error !== null && ids.length >= LEAST && <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />}
      {query.isPending && ids.length >= LEAST && <div className="p-6"><SkeletonLines lines={8} /></div>}
      {view !== undefined && (
        <>
          <Chips view={view} onRemove={(id) => set(ids.filter((other) => other !== id))} />
          <Content view={view} />
        </>
      )}
      {isAdding && <AddRunDialog chosen={ids} onAdd={(id) => set([...ids, id])} onClose={() => setAdding(false)} />}
    </Page>
  );
}

/** Runs are called by letters in narrow places. */
export const letterOf = (index: number) => String.fromCharCode(65 + index);

function Chips({ view, onRemove }: { view: CompareView; onRemove: (id: string) => void }) {
  return (
    <ul aria-label="Runs that are compared" className="flex flex-wrap gap-2 border-b border-line px-5 py-2">
      {view.runs.map((run, index) => (
        <li key={run.run_id} className="flex max-w-72 items-center gap-1.5 rounded-md bg-neutral-soft py-0.5 pr-0.5 pl-2">
          <span className="text-2xs font-semibold text-ink-3">{letterOf(index)}</span>
          <StatusIcon state={run.state} size={13} label={lookOf(run.state).word} />
          <Link to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} className="min-w-0 truncate hover:underline">
            {run.display_name}
          </Link>
          <IconButton small label={`Leave out ${run.display_name}`} icon={<X size={12} />} onPress={() => onRemove(run.run_id)} className="size-5!" />
        </li>
      ))}
    </ul>
  );
}

function Content({ view }: { view: CompareView }) {
  const differing = view.tasks.filter((task) => task.differs).length;
  return (
    <Tabs
      label="What is compared"
      className="px-4"
      panelClassName="flex min-h-0 flex-1 flex-col overflow-y-auto"
      tabs={[
        { id: "summary", label: "Summary", content: <CompareSummary view={view} /> },
        { id: "charts", label: "Charts", count: chartCount(view), content: <CompareCharts view={view} /> },
        { id: "reports", label: "Reports", count: view.documents.length, content: <CompareReports view={view} /> },
        { id: "artifacts", label: "Artifacts", count: view.artifacts.length, content: <CompareArtifacts view={view} /> },
        { id: "graph", label: "Tasks that differ", count: differing, content: <CompareGraph view={view} /> },
      ]}
    />
  );
}
