import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Archive, ArchiveRestore, CircleStop, Ellipsis, RotateCcw, Trash2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { contains, equals, isIn } from "@/api/filter";
import { listRuns } from "@/api/queries";
import type { Run } from "@/api/types";
import { Button, IconButton } from "@/shared/Button";
import { Menu } from "@/shared/Menu";
import { ExperimentName, PipelineName, RecurringRunName, startOf } from "@/shared/names";
import { StatusBadge } from "@/shared/StatusBadge";
import { isOver } from "@/shared/status";
import { DataTable, METRIC, TableToolbar, useTableState, type Column } from "@/shared/table";
import { Duration, RelativeTime } from "@/shared/Time";
import { useUrlState } from "@/shared/url";
import { EditorOnly } from "@/shared/EditorOnly";
import { canRetry, canTerminate, COMPARABLE, compareIcon, runMenu, useRunActions, type RunActions } from "./actions";
import { metricText, useMetricChoice, useMetrics, type Metrics } from "./metrics";
import { MetricsMenu } from "./MetricsMenu";
import { StateFilter } from "./StateFilter";

export interface RunTableProps {
  /** Names the list, for what is remembered. */
  name: string;
  prefix?: string;
  isArchived?: boolean;
  experimentId?: string;
  recurringRunId?: string;
  pipelineVersionId?: string;
  empty: ReactNode;
}

/** Runs, wherever they are listed. */
export function RunTable({ name, prefix, isArchived = false, experimentId, recurringRunId, empty }: RunTableProps) {
  const navigate = useNavigate();
  const actions = useRunActions();
  const [url, patch] = useUrlState();
  const state = useTableState({ name, prefix, hidden: ["recurring", "id"] });
  const stateKey = prefix ? `${prefix}.state` : "state";
  const states = (url[stateKey] ?? "").split(",").filter(Boolean);
  const isFiltered = state.filter !== "" || states.length > 0;
  const query = useQuery(
    listRuns({
      ...state.args,
      experimentId,
      predicates: [
        isArchived ? equals("storage_state", "ARCHIVED") : { key: "storage_state", operation: "NOT_EQUALS", string_value: "ARCHIVED" },
        state.filter !== "" && contains("name", state.filter),
        states.length > 0 && isIn("state", states),
        recurringRunId !== undefined && equals("recurring_run_id", recurringRunId),
      ],
    }),
  );
  const [metricNames, chooseMetrics] = useMetricChoice();
  // A list that is sorted by a metric shows it.
  const sortedBy = state.sort.key.startsWith(METRIC) ? state.sort.key.slice(METRIC.length) : undefined;
  const shownMetrics = sortedBy === undefined || metricNames.includes(sortedBy) ? metricNames : [...metricNames, sortedBy];
  const [isAsked, setAsked] = useState(false);
  const showMetrics = (names: string[]) => {
    if (sortedBy !== undefined && !names.includes(sortedBy)) state.toggleSort("created_at");
    chooseMetrics(names);
  };
  const metrics = useMetrics(query.data?.items ?? [], isAsked || shownMetrics.length > 0);
  const columns = columnsFor(actions, experimentId === undefined, recurringRunId === undefined);
  // Before the last two: when, and the menu.
  columns.splice(-3, 0, ...shownMetrics.map((name) => metricColumn(name, metrics)));
  const setStates = (next: string[]) =>
    patch({ [stateKey]: next.join(",") || undefined, [prefix ? `${prefix}.page` : "page"]: undefined, [prefix ? `${prefix}.token` : "token"]: undefined });
  return (
    <>
      <TableToolbar state={state} columns={columns} placeholder="Filter runs by name">
        <StateFilter chosen={states} onChange={setStates} />
        <MetricsMenu metrics={metrics} chosen={shownMetrics} onChoose={showMetrics} onOpen={() => setAsked(true)} />
      </TableToolbar>
      <DataTable
        label="Runs"
        columns={columns}
        query={query}
        rowKey={(run) => run.run_id}
        rowName={(run) => run.display_name}
        state={state}
        onOpen={(run) => void navigate({ to: "/runs/details/$runId", params: { runId: run.run_id }, search: {} })}
        bulk={(runs, clear) => <BulkActions runs={runs} clear={clear} actions={actions} isArchived={isArchived} />}
        empty={isFiltered ? <NothingFound onClear={() => (state.setFilter(""), setStates([]))} /> : empty}
      />
      {actions.dialogs}
    </>
  );
}

export function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <div className="flex flex-col items-center gap-3 py-16 text-ink-3">
      Nothing matches the filter.
      <Button small onPress={onClear}>
        Clear it
      </Button>
    </div>
  );
}

function metricColumn(name: string, metrics: Map<string, Metrics>): Column<Run> {
  return {
    id: `metric.${name}`,
    header: name,
    sortKey: METRIC + name,
    width: "120px",
    align: "end",
    isFixed: true,
    isTabletUp: true,
    cell: (run) => <span className="tnum block truncate">{metricText(metrics.get(run.run_id)?.[name])}</span>,
  };
}

function columnsFor(actions: RunActions, withExperiment: boolean, withRecurring: boolean): Column<Run>[] {
  const columns: (Column<Run> | false)[] = [
    {
      id: "name",
      header: "Name",
      sortKey: "display_name",
      isFixed: true,
      cell: (run) => (
        <Link to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} className="block truncate font-medium hover:underline">
          {run.display_name}
        </Link>
      ),
    },
    { id: "state", header: "State", sortKey: "state", width: "124px", cell: (run) => <StatusBadge state={run.state} /> },
    {
      id: "duration",
      header: "Duration",
      width: "92px",
      align: "end",
      isTabletUp: true,
      cell: (run) => <Duration from={startOf(run) ?? run.created_at} to={run.finished_at} isLive={!isOver(run.state)} />,
    },
    { id: "pipeline", header: "Pipeline", isWideOnly: true, width: "18%", className: "text-ink-2", cell: (run) => <PipelineName reference={run.pipeline_version_reference} spec={run.pipeline_spec} /> },
    withExperiment && { id: "experiment", header: "Experiment", isWideOnly: true, width: "14%", className: "text-ink-2", cell: (run) => <ExperimentName id={run.experiment_id} /> },
    withRecurring && { id: "recurring", header: "Recurring run", isWideOnly: true, width: "14%", className: "text-ink-2", cell: (run) => <RecurringRunName id={run.recurring_run_id} /> },
    { id: "created", header: "Created", sortKey: "created_at", width: "116px", isTabletUp: true, className: "text-ink-2", cell: (run) => <RelativeTime time={run.created_at} /> },
    { id: "id", header: "ID", isWideOnly: true, width: "140px", cell: (run) => <code className="block truncate font-mono text-xs text-ink-3">{run.run_id}</code> },
    {
      id: "menu",
      header: "",
      isFixed: true,
      width: "48px",
      align: "end",
      cell: (run) => (
        <Menu
          label={`Actions on ${run.display_name}`}
          trigger={<IconButton small label={`Actions on ${run.display_name}`} icon={<Ellipsis size={16} />} />}
          entries={runMenu(run, actions)}
        />
      ),
    },
  ];
  return columns.filter((column) => column !== false);
}

function BulkActions({ runs, clear, actions, isArchived }: { runs: Run[]; clear: () => void; actions: RunActions; isArchived: boolean }) {
  const [least, most] = COMPARABLE;
  const stoppable = runs.filter(canTerminate);
  const retryable = runs.filter(canRetry);
  const after = (work: Promise<void>) => void work.then(clear);
  return (
    <>
      <Button small kind="ghost" icon={compareIcon} isDisabled={runs.length < least || runs.length > most} onPress={() => actions.compare(runs)}>
        Compare
      </Button>
      <EditorOnly>
        {retryable.length > 0 && (
          <Button small kind="ghost" icon={<RotateCcw size={14} />} onPress={() => after(actions.retry(retryable))}>
            Retry
          </Button>
        )}
        {stoppable.length > 0 && (
          <Button small kind="ghost" icon={<CircleStop size={14} />} onPress={() => actions.terminate(stoppable)}>
            Stop
          </Button>
        )}
        {isArchived ? (
          <Button small kind="ghost" icon={<ArchiveRestore size={14} />} onPress={() => after(actions.restore(runs))}>
            Restore
          </Button>
        ) : (
          <Button small kind="ghost" icon={<Archive size={14} />} onPress={() => after(actions.archive(runs))}>
            Archive
          </Button>
        )}
        <Button small kind="ghost-danger" icon={<Trash2 size={14} />} onPress={() => actions.remove(runs, clear)}>
          Delete
        </Button>
      </EditorOnly>
    </>
  );
}
