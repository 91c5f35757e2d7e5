import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ApiError } from "@/api/client";
import { getTask } from "@/api/own";
import type { TaskDetailView } from "@/api/own-types";
import { CacheTab } from "@/features/run-details/panel/CacheTab";
import { Side } from "@/features/run-details/panel/DataTab";
import { DetailsTab } from "@/features/run-details/panel/DetailsTab";
import { EventsTab } from "@/features/run-details/panel/EventsTab";
import { LogTab } from "@/features/run-details/panel/LogTab";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusBadge } from "@/shared/StatusBadge";
import { Tabs, type TabEntry } from "@/shared/Tabs";
import { Duration } from "@/shared/Time";

/** One task of one run, by itself. */
export default function ExecutionPage() {
  const { executionId = "" } = useParams({ strict: false });
  const at = executionId.indexOf("/");
  const run = at < 0 ? "" : executionId.slice(0, at);
  const task = executionId.slice(at + 1);
  const query = useQuery({ ...getTask(run, task), enabled: run !== "" });
  const detail = query.data;
  const isMissing = run === "" || (query.error instanceof ApiError && query.error.isMissing);
  return (
    <Page
      title={detail?.display_name ?? "Execution"}
      crumbs={[{ label: "Executions", to: "/executions" }]}
      heading={
        detail && (
          <>
            <span className="truncate">{detail.display_name}</span>
            {detail.state !== undefined && <StatusBadge state={detail.state} />}
            <span className="text-xs font-normal text-ink-3">
              <Duration from={detail.started_at} to={detail.ended_at} isLive={detail.state === "RUNNING"} />
            </span>
          </>
        )
      }
      actions={detail && <LinkButton to="/runs/details/$runId" params={{ runId: run }} search={{ task }}>Show in its run</LinkButton>}
    >
      {isMissing && <EmptyState title="There is no such execution" action={<LinkButton to="/executions">All executions</LinkButton>} />}
      {!isMissing && query.error !== null && detail === undefined && <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />}
      {!isMissing && query.isPending && <div className="p-6"><SkeletonLines lines={8} /></div>}
      {detail !== undefined && <Content run={run} detail={detail} />}
    </Page>
  );
}

function Content({ run, detail }: { run: string; detail: TaskDetailView }) {
  const tabs: (TabEntry | false)[] = [
    {
      id: "data",
      label: "Inputs and outputs",
      content: (
        <div className="mx-auto grid w-full max-w-6xl gap-8 p-6 max-md:p-4 lg:grid-cols-2">
          <Side title="Inputs" values={detail.inputs} empty="No inputs." />
          <Side title="Outputs" values={detail.outputs} empty="No outputs." open />
        </div>
      ),
    },
    detail.attempt_list.length > 0 && { id: "logs", label: "Logs", content: <LogTab run={run} detail={detail} /> },
    { id: "details", label: "Properties", content: <div className="mx-auto w-full max-w-4xl"><DetailsTab run={run} detail={detail} /></div> },
    { id: "events", label: "Events", content: <div className="mx-auto w-full max-w-4xl"><EventsTab detail={detail} /></div> },
    { id: "cache", label: "Cache", content: <div className="mx-auto w-full max-w-4xl"><CacheTab detail={detail} /></div> },
  ];
  return (
    <>
      {detail.error !== undefined && (
        <Banner kind="error" title={detail.error.message} className="mx-4 mt-3">
          {detail.error.hint}
        </Banner>
      )}
      <p className="px-5 pt-2 text-xs text-ink-3">
        {detail.key} in run{" "}
        <Link to="/runs/details/$runId" params={{ runId: run }} search={{}} className="link">
          {run}
        </Link>
      </p>
      <Tabs label="About the execution" className="px-4" panelClassName="flex min-h-0 flex-1 flex-col overflow-y-auto" tabs={tabs.filter((tab) => tab !== false)} />
    </>
  );
}
