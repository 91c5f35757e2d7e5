import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { ListTree } from "lucide-react";
import { listExecutions } from "@/api/own";
import type { ExecutionView, TaskState } from "@/api/own-types";
import { BY_URGENCY, wordOf } from "@/graph/model/state";
import { executionId } from "./id";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { StatusBadge } from "@/shared/StatusBadge";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { Duration, RelativeTime } from "@/shared/Time";
import { useUrlState } from "@/shared/url";

const columns: Column<ExecutionView>[] = [
  {
    id: "name",
    header: "Task",
    sortKey: "name",
    isFixed: true,
    width: "28%",
    cell: (execution) => (
      <Link to="/executions/$executionId" params={{ executionId: executionId(execution.run_id, execution.task) }} search={{}} className="block truncate font-medium hover:underline">
        {execution.display_name}
        <span className="ml-2 font-normal text-ink-3">{execution.task.split("/").slice(1, -1).join(" / ")}</span>
      </Link>
    ),
  },
  { id: "state", header: "State", sortKey: "state", width: "130px", cell: (execution) => <StatusBadge state={execution.state} plain /> },
  { id: "kind", header: "Kind", width: "110px", isWideOnly: true, cell: (execution) => <span className="text-ink-2">{execution.kind}</span> },
  {
    id: "run",
    header: "Run",
    cell: (execution) => (
      <Link to="/runs/details/$runId" params={{ runId: execution.run_id }} search={{ task: execution.task } as never} className="link block truncate">
        {execution.run_display_name}
      </Link>
    ),
  },
  { id: "pipeline", header: "Pipeline", isWideOnly: true, cell: (execution) => <span className="block truncate text-ink-2">{execution.pipeline_name}</span> },
  { id: "duration", header: "Duration", width: "110px", cell: (execution) => <Duration from={execution.started_at} to={execution.ended_at} isLive={execution.state === "RUNNING"} /> },
  { id: "attempts", header: "Attempts", width: "90px", align: "end", isWideOnly: true, cell: (execution) => <span className="tnum text-ink-3">{execution.attempts}</span> },
  { id: "created", header: "Created", sortKey: "created_at", width: "130px", cell: (execution) => <RelativeTime time={execution.created_at} /> },
];

export default function ExecutionsPage() {
  const navigate = useNavigate();
  const [url, patch] = useUrlState();
  const table = useTableState({ name: "executions" });
  const state = url["state"];
  const query = useQuery(listExecutions({ name: table.filter || undefined, state, run_id: url["run"], sort_by: table.args.sortBy }, table.size, table.args.pageToken));
  const isFiltered = table.filter !== "" || state !== undefined || url["run"] !== undefined;
  return (
    <Page title="Executions">
      <TableToolbar state={table} columns={columns} placeholder="Filter tasks by name">
        <select
          aria-label="State"
          value={state ?? ""}
          onChange={(event) => patch({ state: event.target.value || undefined, page: undefined, token: undefined })}
          className="h-8 rounded-md bg-surface px-2 ring-1 ring-line ring-inset hover:ring-line-strong"
        >
          <option value="">All states</option>
          {BY_URGENCY.filter((word): word is TaskState => word !== "IDLE").map((word) => (
            <option key={word} value={word}>
              {wordOf(word)}
            </option>
          ))}
        </select>
      </TableToolbar>
      <DataTable
        label="Executions"
        columns={columns}
        query={query}
        rowKey={(execution) => executionId(execution.run_id, execution.task)}
        rowName={(execution) => execution.display_name}
        onOpen={(execution) => void navigate({ to: "/executions/$executionId", params: { executionId: executionId(execution.run_id, execution.task) }, search: {} })}
        state={table}
        empty={
          <EmptyState icon={<ListTree size={20} />} title={isFiltered ? "No execution is like that" : "No executions yet"}>
            {isFiltered ? "Take a filter away to see more." : "Every task that a run begins is listed here, over all runs."}
          </EmptyState>
        }
      />
    </Page>
  );
}
