import { Link } from "@tanstack/react-router";
import { artifactAddress } from "@/api/own";
import type { TaskDetailView } from "@/api/own-types";
import { LogTab } from "@/features/run-details/panel/LogTab";
import { useTaskDetail } from "@/features/run-details/panel/useTaskDetail";
import { useLiveRun } from "@/features/run-details/live";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { StatusBadge } from "@/shared/StatusBadge";
import { HtmlFrame } from "@/viewers/HtmlFrame";

/** The task that draws, and its output: the server says the same of each run that it starts. */
const TASK = "root/visualize";
const OUTPUT = "page";
const NONE: string[] = [];

/** What a visualization's run has come to: its progress and log, then the page that it left. */
export function Drawn({ runId }: { runId: string }) {
  const live = useLiveRun(runId, NONE);
  const { query } = useTaskDetail(runId, TASK, live.store);
  const { run } = live;
  const problem = live.error;
  if (problem !== null && run === undefined) return <ErrorBanner error={problem} onRetry={live.refetch} />;
  const page = query.data?.outputs.artifacts.find((artifact) => artifact.name === OUTPUT);
  const isDrawn = run?.state === "SUCCEEDED" && page !== undefined;
  return (
    <section aria-label="Visualization" className="flex min-h-96 flex-1 flex-col gap-2">
      <div className="flex items-center gap-2">
        <h2 className="min-w-0 truncate text-sm">{run?.display_name ?? "Visualization"}</h2>
        {run !== undefined && <StatusBadge state={run.state} />}
        <Link to="/runs/details/$runId" params={{ runId }} search={{}} className="link ml-auto shrink-0 text-xs">
          Show its run
        </Link>
      </div>
      {isDrawn ? <HtmlFrame src={artifactAddress(page.artifact_id, "preview")} title="Visualization" /> : <Unfinished runId={runId} detail={query.data} isFailed={run?.state === "FAILED"} />}
    </section>
  );
}

function Unfinished({ runId, detail, isFailed }: { runId: string; detail: TaskDetailView | undefined; isFailed: boolean }) {
  const hasLog = detail !== undefined && detail.attempt_list.length > 0;
  return (
    <>
      {isFailed && (
        <Banner kind="error" title="It could not be drawn">
          {hasLog ? "Its log says why." : (detail?.error?.message ?? "Its run says why.")}
        </Banner>
      )}
      {hasLog ? (
        <div className="flex h-72 flex-col rounded-lg ring-1 ring-line ring-inset">
          <LogTab run={runId} detail={detail} />
        </div>
      ) : (
        !isFailed && <p role="status" className="text-ink-3">It waits for its turn.</p>
      )}
    </>
  );
}
