import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, Ellipsis, Trash2 } from "lucide-react";
import type { ReactNode } from "react";
import { contains, differs, equals } from "@/api/filter";
import { listExperiments } from "@/api/queries";
import type { Experiment } from "@/api/types";
import { Button, IconButton } from "@/shared/Button";
import { useMayEdit } from "@/shared/EditorOnly";
import { Menu } from "@/shared/Menu";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { RelativeTime } from "@/shared/Time";
import { NothingFound } from "../runs/RunTable";
import { lastRuns, RecentRuns } from "./RecentRuns";
import { useExperimentActions, type ExperimentActions } from "./actions";

export function ExperimentTable({ isArchived = false, empty }: { isArchived?: boolean; empty: ReactNode }) {
  const navigate = useNavigate();
  const mayEdit = useMayEdit();
  const actions = useExperimentActions();
  const state = useTableState({ name: isArchived ? "archived-experiments" : "experiments", sort: "last_run_created_at desc" });
  const query = useQuery(
    listExperiments({
      ...state.args,
      predicates: [
        isArchived ? equals("storage_state", "ARCHIVED") : differs("storage_state", "ARCHIVED"),
        state.filter !== "" && contains("display_name", state.filter),
      ],
    }),
  );
  const columns = columnsFor(actions);
  return (
    <>
      <TableToolbar state={state} columns={columns} placeholder="Filter experiments by name" />
      <DataTable
        label="Experiments"
        columns={columns}
        query={query}
        rowKey={(experiment) => experiment.experiment_id}
        rowName={(experiment) => experiment.display_name}
        state={state}
        onOpen={(experiment) => void navigate({ to: "/experiments/details/$experimentId", params: { experimentId: experiment.experiment_id }, search: {} })}
        expand={(experiment) => <RecentRuns experimentId={experiment.experiment_id} />}
        bulk={mayEdit && ((experiments, clear) => (
          <>
            {isArchived ? (
              <Button small kind="ghost" icon={<ArchiveRestore size={14} />} onPress={() => void actions.restore(experiments).then(clear)}>
                Restore
              </Button>
            ) : (
              <Button small kind="ghost" icon={<Archive size={14} />} onPress={() => actions.archive(experiments, clear)}>
                Archive
              </Button>
            )}
            <Button small kind="ghost-danger" icon={<Trash2 size={14} />} onPress={() => actions.remove(experiments, clear)}>
              Delete
            </Button>
          </>
        ))}
        empty={state.filter !== "" ? <NothingFound onClear={() => state.setFilter("")} /> : empty}
      />
      {actions.dialogs}
    </>
  );
}

function columnsFor(actions: ExperimentActions): Column<Experiment>[] {
  return [
    {
      id: "name",
      header: "Name",
      sortKey: "display_name",
      isFixed: true,
      cell: (experiment) => (
        <Link to="/experiments/details/$experimentId" params={{ experimentId: experiment.experiment_id }} search={{}} className="block truncate font-medium hover:underline">
          {experiment.display_name}
        </Link>
      ),
    },
    { id: "description", header: "Description", isWideOnly: true, width: "30%", className: "text-ink-2", cell: (experiment) => <span className="block truncate">{experiment.description}</span> },
    { id: "recent", header: "Last 5 runs", width: "124px", cell: (experiment) => <LastRuns experimentId={experiment.experiment_id} /> },
    {
      id: "last",
      header: "Last run",
      sortKey: "last_run_created_at",
      width: "120px",
      isTabletUp: true,
      className: "text-ink-2",
      cell: (experiment) => <RelativeTime time={experiment.last_run_created_at} empty="never" />,
    },
    { id: "created", header: "Created", sortKey: "created_at", isWideOnly: true, width: "120px", className: "text-ink-2", cell: (experiment) => <RelativeTime time={experiment.created_at} /> },
    {
      id: "menu",
      header: "",
      isFixed: true,
      width: "48px",
      align: "end",
      cell: (experiment) => (
        <Menu
          label={`Actions on ${experiment.display_name}`}
          trigger={<IconButton small label={`Actions on ${experiment.display_name}`} icon={<Ellipsis size={16} />} />}
          entries={actions.menu(experiment)}
        />
      ),
    },
  ];
}

function LastRuns({ experimentId }: { experimentId: string }) {
  const { data } = useQuery(lastRuns(experimentId));
  return (
    <span className="flex h-4 gap-1">
      {data?.items.map((run) => {
        const label = `${lookOf(run.state).word}: ${run.display_name}`;
        return (
          <Link key={run.run_id} to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} title={label} className="rounded-full">
            <StatusIcon state={run.state} size={15} label={label} />
          </Link>
        );
      })}
    </span>
  );
}
