import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CalendarClock, Ellipsis, Pause, Play, Plus, Trash2 } from "lucide-react";
import { contains } from "@/api/filter";
import { listRecurringRuns } from "@/api/queries";
import type { RecurringRun } from "@/api/types";
import { Button, IconButton, LinkButton } from "@/shared/Button";
import { describeTrigger } from "@/shared/cron/describe";
import { useCronZone } from "@/shared/cron/NextFires";
import { nextOfTrigger } from "@/shared/cron/next";
import { EditorOnly, useMayEdit } from "@/shared/EditorOnly";
import { EmptyState } from "@/shared/EmptyState";
import { Menu } from "@/shared/Menu";
import { ExperimentName, PipelineName } from "@/shared/names";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { RelativeTime, useNow } from "@/shared/Time";
import { parseTime } from "@/shared/time";
import { NothingFound } from "../runs/RunTable";
import { isEnabled, useRecurringRunActions, type RecurringRunActions } from "./actions";
import { EnabledSwitch } from "./EnabledSwitch";

export function RecurringRunTable({ experimentId }: { experimentId?: string }) {
  const navigate = useNavigate();
  const mayEdit = useMayEdit();
  const actions = useRecurringRunActions();
  const state = useTableState({ name: "recurring-runs", prefix: experimentId === undefined ? undefined : "recurring", hidden: ["start", "end"] });
  const query = useQuery(listRecurringRuns({ ...state.args, experimentId, predicates: [state.filter !== "" && contains("display_name", state.filter)] }));
  const columns = columnsFor(actions, experimentId === undefined);
  const search: Record<string, string> = { recurring: "1", ...(experimentId ? { experimentId } : {}) };
  return (
    <>
      <TableToolbar state={state} columns={columns} placeholder="Filter by name" />
      <DataTable
        label="Recurring runs"
        columns={columns}
        query={query}
        rowKey={(recurring) => recurring.recurring_run_id}
        rowName={(recurring) => recurring.display_name}
        state={state}
        onOpen={(recurring) => void navigate({ to: "/recurringrun/details/$recurringRunId", params: { recurringRunId: recurring.recurring_run_id }, search: {} })}
        bulk={mayEdit && ((chosen, clear) => (
          <>
            <Button small kind="ghost" icon={<Play size={14} />} onPress={() => void actions.setEnabled(chosen, true).then(clear)}>
              Switch on
            </Button>
            <Button small kind="ghost" icon={<Pause size={14} />} onPress={() => void actions.setEnabled(chosen, false).then(clear)}>
              Switch off
            </Button>
            <Button small kind="ghost-danger" icon={<Trash2 size={14} />} onPress={() => actions.remove(chosen, clear)}>
              Delete
            </Button>
          </>
        ))}
        empty={
          state.filter !== "" ? (
            <NothingFound onClear={() => state.setFilter("")} />
          ) : (
            <EmptyState
              icon={<CalendarClock size={20} />}
              title="Nothing recurs yet"
              action={
                <EditorOnly>
                  <LinkButton kind="primary" to="/runs/new" search={search} icon={<Plus size={15} />}>
                    New recurring run
                  </LinkButton>
                </EditorOnly>
              }
            >
              A recurring run starts a pipeline by itself: every so often, or at certain times.
            </EmptyState>
          )
        }
      />
      {actions.dialogs}
    </>
  );
}

function columnsFor(actions: RecurringRunActions, withExperiment: boolean): Column<RecurringRun>[] {
  const schedule = (recurring: RecurringRun) => recurring.trigger?.cron_schedule ?? recurring.trigger?.periodic_schedule;
  const columns: (Column<RecurringRun> | false)[] = [
    {
      id: "on",
      header: "On",
      isFixed: true,
      width: "56px",
      cell: (recurring) => <EnabledSwitch recurring={recurring} actions={actions} label={`${recurring.display_name} is on`} />,
    },
    {
      id: "name",
      header: "Name",
      sortKey: "display_name",
      isFixed: true,
      cell: (recurring) => (
        <Link
          to="/recurringrun/details/$recurringRunId"
          params={{ recurringRunId: recurring.recurring_run_id }}
          search={{}}
          className="block truncate font-medium hover:underline"
        >
          {recurring.display_name}
        </Link>
      ),
    },
    { id: "trigger", header: "Schedule", width: "20%", isTabletUp: true, cell: (recurring) => <span className="block truncate">{describeTrigger(recurring.trigger)}</span> },
    { id: "next", header: "Next", width: "110px", className: "text-ink-2", cell: (recurring) => <Next recurring={recurring} /> },
    { id: "pipeline", header: "Pipeline", isWideOnly: true, width: "17%", className: "text-ink-2", cell: (recurring) => <PipelineName reference={recurring.pipeline_version_reference} spec={recurring.pipeline_spec} /> },
    withExperiment && { id: "experiment", header: "Experiment", isWideOnly: true, width: "13%", className: "text-ink-2", cell: (recurring) => <ExperimentName id={recurring.experiment_id} /> },
    { id: "start", header: "From", isWideOnly: true, width: "110px", cell: (recurring) => <RelativeTime time={schedule(recurring)?.start_time} /> },
    { id: "end", header: "Until", isWideOnly: true, width: "110px", cell: (recurring) => <RelativeTime time={schedule(recurring)?.end_time} /> },
    { id: "created", header: "Created", sortKey: "created_at", isWideOnly: true, width: "110px", className: "text-ink-2", cell: (recurring) => <RelativeTime time={recurring.created_at} /> },
    {
      id: "menu",
      header: "",
      isFixed: true,
      width: "48px",
      align: "end",
      cell: (recurring) => (
        <Menu
          label={`Actions on ${recurring.display_name}`}
          trigger={<IconButton small label={`Actions on ${recurring.display_name}`} icon={<Ellipsis size={16} />} />}
          entries={actions.menu(recurring)}
        />
      ),
    },
  ];
  return columns.filter((column) => column !== false);
}

function Next({ recurring }: { recurring: RecurringRun }) {
  const zone = useCronZone();
  const now = Math.floor(useNow() / 10_000) * 10_000;
  if (!isEnabled(recurring)) return <span className="text-ink-3">off</span>;
  try {
    const [next] = nextOfTrigger(recurring.trigger ?? {}, now, 1, zone, parseTime(recurring.created_at));
    return next === undefined ? <span className="text-ink-3">over</span> : <RelativeTime time={new Date(next).toISOString()} />;
  } catch {
    return <span className="text-ink-3">—</span>;
  }
}
