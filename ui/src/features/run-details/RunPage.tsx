import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useEffect, useEffectEvent, useState } from "react";
import { ApiError } from "@/api/client";
import { getRun } from "@/api/queries";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { Button, LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { Skeleton } from "@/shared/Skeleton";
import { SplitPane } from "@/shared/SplitPane";
import { isOver } from "@/shared/status";
import { Tabs } from "@/shared/Tabs";
import { isFinal, type LiveRun, useLiveRun } from "./live";
import { StepPanel, sentence } from "./panel/StepPanel";
import { RetryDialog } from "./RetryDialog";
import { RunGraph } from "./RunGraph";
import { RunActions, RunHeading, RunLine } from "./RunHeader";
import { type Selection, useSelection } from "./selection";
import { ConfigTab } from "./tabs/ConfigTab";
import { OutputTab } from "./tabs/OutputTab";
import { SpecTab } from "./tabs/SpecTab";
import { TasksTab } from "./tabs/TasksTab";
import { TimelineTab } from "./timeline/TimelineTab";

export default function RunPage() {
  const { runId = "" } = useParams({ strict: false });
  return <OneRun key={runId} runId={runId} />;
}

function OneRun({ runId }: { runId: string }) {
  const selection = useSelection();
  const live = useLiveRun(runId, selection.inside);
  const run = useQuery(getRun(runId));
  const [retrying, setRetrying] = useState<string[]>();
  // A run that was over goes on: somebody retried it, here or elsewhere.
  const hasReopened = live.view?.run !== undefined && isFinal(live.view.run.state) && run.data !== undefined && !isOver(run.data.state);
  const { refetch } = live;
  const onReopened = useEffectEvent(() => refetch());
  useEffect(() => {
    if (hasReopened) onReopened();
  }, [hasReopened]);
  const crumbs = [{ label: "Runs", to: "/runs" }];
  const name = live.run?.display_name ?? run.data?.display_name ?? "Run";
  if (live.view === undefined && live.error !== null) {
    return (
      <Page title={name} crumbs={crumbs}>
        <NoRun error={live.error} onRetry={live.refetch} />
      </Page>
    );
  }
  const side = <StepPanel runId={runId} live={live} selection={selection} onRetryFrom={(task) => setRetrying([task])} />;
  const split = (content: React.ReactNode) => (
    <SplitPane name="run" side={selection.task === undefined ? undefined : side}>
      {live.view === undefined ? <Drawing /> : content}
    </SplitPane>
  );
  const panel = "flex min-h-0 flex-1 flex-col";
  return (
    <Page
      title={name}
      crumbs={crumbs}
      heading={<RunHeading live={live} name={name} />}
      actions={<RunActions runId={runId} live={live} onRetryWith={() => setRetrying([])} onAnswer={selection.selectTask} />}
    >
      <RunLine live={live} />
      <Failure live={live} selection={selection} />
      <Tabs
        label="About the run"
        className="px-4"
        panelClassName={panel}
        tabs={[
          { id: "graph", label: "Graph", content: split(<RunGraph runId={runId} live={live} selection={selection} />) },
          { id: "timeline", label: "Timeline", content: split(<TimelineTab live={live} selection={selection} />) },
          { id: "tasks", label: "Tasks", content: split(<TasksTab live={live} selection={selection} />) },
          { id: "output", label: "Run output", content: split(<OutputTab runId={runId} live={live} selection={selection} />) },
          { id: "config", label: "Details", content: <ConfigTab runId={runId} live={live} /> },
          { id: "spec", label: "Pipeline spec", content: <SpecTab runId={runId} /> },
        ]}
      />
      {retrying !== undefined && (
        <RetryDialog runId={runId} tasks={retrying} view={live.view} given={run.data?.runtime_config?.parameters ?? {}} onClose={() => setRetrying(undefined)} onContinued={refetch} />
      )}
    </Page>
  );
}

function NoRun({ error, onRetry }: { error: Error; onRetry: () => void }) {
  if (!(error instanceof ApiError && error.isMissing)) return <ErrorBanner error={error} onRetry={onRetry} className="m-4" />;
  return (
    <EmptyState title="There is no such run" action={<LinkButton to="/runs">All runs</LinkButton>}>
      It may have been deleted, or the link belongs to another server.
    </EmptyState>
  );
}

/** Where the drawing will be. */
function Drawing() {
  return (
    <div role="status" aria-label="Loading the graph" className="flex flex-1 flex-col items-center gap-10 bg-canvas pt-16">
      {[1, 2, 1].map((count, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a fixed picture
        <div key={row} className="flex gap-8">
          {Array.from({ length: count }, (_, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <Skeleton key={index} className="h-12 w-52 rounded-lg!" />
          ))}
        </div>
      ))}
    </div>
  );
}

/** Why the run failed, and the way to the first task that did. */
function Failure({ live, selection }: { live: LiveRun; selection: Selection }) {
  if (live.run?.state !== "FAILED" || live.run.error === undefined) return null;
  const { error } = live.run;
  const culprit = culpritOf(error.message);
  const action = culprit !== undefined && culprit !== selection.task && (
    <Button small kind="ghost" onPress={() => selection.selectTask(culprit)}>
      Go to {culprit.slice(culprit.lastIndexOf("/") + 1)}
    </Button>
  );
  return (
    <Banner kind="error" title={sentence(error.message)} action={action} className="mx-4 mt-2">
      {error.hint !== undefined && sentence(error.hint)}
    </Banner>
  );
}

/** The task that an error names: "task `root/train` failed: …". */
function culpritOf(message: string): string | undefined {
  return /`(root\/[^`]+)`/.exec(message)?.[1];
}
