import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Play, Plus } from "lucide-react";
import { differs } from "@/api/filter";
import { contains } from "@/api/filter";
import { listRuns } from "@/api/queries";
import type { Run } from "@/api/types";
import { LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { StatusBadge } from "@/shared/StatusBadge";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { Duration, RelativeTime } from "@/shared/Time";

const columns: Column<Run>[] = [
  {
    id: "name",
    header: "Name",
    sortKey: "display_name",
    isFixed: true,
    width: "40%",
    cell: (run) => (
      <Link to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} className="block truncate font-medium hover:underline">
        {run.display_name}
      </Link>
    ),
  },
  { id: "state", header: "State", sortKey: "state", width: "130px", cell: (run) => <StatusBadge state={run.state} /> },
  { id: "duration", header: "Duration", width: "110px", cell: (run) => <Duration from={run.created_at} to={run.finished_at} /> },
  { id: "created", header: "Started", sortKey: "created_at", width: "130px", cell: (run) => <RelativeTime time={run.created_at} /> },
];

export default function RunsPage() {
  const navigate = useNavigate();
  const state = useTableState({ name: "runs" });
  const query = useQuery(
    listRuns({ ...state.args, predicates: [differs("storage_state", "ARCHIVED"), state.filter !== "" && contains("name", state.filter)] }),
  );
  return (
    <Page
      title="Runs"
      actions={
        <LinkButton kind="primary" to="/runs/new" icon={<Plus size={15} />}>
          New run
        </LinkButton>
      }
    >
      <TableToolbar state={state} columns={columns} placeholder="Filter by name" />
      <DataTable
        label="Runs"
        columns={columns}
        query={query}
        rowKey={(run) => run.run_id}
        rowName={(run) => run.display_name}
        state={state}
        onOpen={(run) => void navigate({ to: "/runs/details/$runId", params: { runId: run.run_id }, search: {} })}
        empty={<EmptyState icon={<Play size={20} />} title="No runs yet">Upload a pipeline and start it.</EmptyState>}
      />
    </Page>
  );
}
