import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { getRunGraph } from "@/api/own";
import type { CompareView } from "@/api/own-types";
import { GraphCanvas } from "@/graph/GraphCanvas";
import { nodeOf } from "@/graph/model/keys";
import { ErrorBanner } from "@/shared/Banner";
import { cx } from "@/shared/cx";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { durationText } from "@/shared/time";
import { letterOf } from "./ComparePage";
import { differingNodes } from "./rows";

const reasons: Record<CompareView["tasks"][number]["why"][number], string> = {
  state: "state",
  inputs: "inputs",
  outputs: "outputs",
  component: "code",
  absent: "not in every run",
};

/** The graph of one of the runs with what differs marked, and the same as a list. */
export function CompareGraph({ view }: { view: CompareView }) {
  const [base, setBase] = useState(0);
  const [node, setNode] = useState<string>();
  const [onlyDiffering, setOnlyDiffering] = useState(true);
  const graph = useQuery(getRunGraph(view.runs[Math.min(base, view.runs.length - 1)]?.run_id ?? ""));
  const marked = useMemo(() => differingNodes(view.tasks), [view]);
  const rows = view.tasks.filter((task) => (!onlyDiffering || task.differs) && (node === undefined || nodeOf(task.key) === node));
  return (
    <div className="flex min-h-0 flex-1 max-lg:flex-col">
      <div className="flex min-h-80 min-w-0 flex-1 flex-col">
        <label className="flex items-center gap-2 border-b border-line px-4 py-2 text-xs text-ink-3">
          Graph of
          <select value={base} onChange={(event) => setBase(Number(event.target.value))} className="h-7 rounded-md bg-surface px-2 text-ink ring-1 ring-line-strong ring-inset">
            {view.runs.map((run, index) => (
              <option key={run.run_id} value={index}>
                {letterOf(index)} · {run.display_name}
              </option>
            ))}
          </select>
          <span>Tasks with a frame differ between the runs.</span>
        </label>
        {graph.error !== null && <ErrorBanner error={graph.error} onRetry={() => void graph.refetch()} className="m-4" />}
        {graph.data === undefined && graph.error === null && <div className="p-6"><SkeletonLines lines={5} /></div>}
        {graph.data !== undefined && (
          <GraphCanvas key={base} view={graph.data} label="Graph with what differs" marked={marked} selected={node} onSelect={setNode} />
        )}
      </div>
      <div className="w-[44%] min-w-0 overflow-auto border-l border-line max-lg:w-full max-lg:border-t max-lg:border-l-0">
        <label className="flex items-center gap-2 px-4 py-2.5 text-xs">
          <input type="checkbox" checked={onlyDiffering} onChange={() => setOnlyDiffering(!onlyDiffering)} className="size-3.5 accent-accent" />
          Only tasks that differ
        </label>
        {rows.length === 0 && <p className="px-4 py-2 text-ink-3">{onlyDiffering ? "Nothing differs here." : "No task is like that."}</p>}
        {rows.length > 0 && (
          <table className="w-full border-separate border-spacing-0 text-left text-xs">
            <caption className="sr-only">Tasks by run</caption>
            <thead>
              <tr className="text-ink-3">
                <th scope="col" className="border-b border-line px-4 py-1.5 font-normal">Task</th>
                <th scope="col" className="border-b border-line px-2 py-1.5 font-normal whitespace-nowrap">Differs in</th>
                {view.runs.map((run, index) => (
                  <th key={run.run_id} scope="col" title={run.display_name} className="border-b border-line px-2 py-1.5 font-normal">
                    {letterOf(index)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key} className={cx(row.differs && "bg-warning-soft/40")}>
                  <th scope="row" className="max-w-52 border-b border-line px-4 py-1.5 font-medium">
                    <button type="button" onClick={() => setNode(nodeOf(row.key))} className="block max-w-full truncate text-left hover:underline" title={row.key}>
                      {row.display_name}
                    </button>
                  </th>
                  <td className="border-b border-line px-2 py-1.5 text-ink-2">{row.why.map((why) => reasons[why]).join(", ") || "—"}</td>
                  {row.states.map((state, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a column is a run
                    <td key={index} className="border-b border-line px-2 py-1.5">
                      {state === null ? (
                        <span className="text-ink-3">—</span>
                      ) : (
                        <Link to="/runs/details/$runId" params={{ runId: view.runs[index].run_id }} search={{ task: row.key } as never} className="flex items-center gap-1 whitespace-nowrap hover:underline">
                          <StatusIcon state={state} size={12} label={lookOf(state).word} />
                          <span className="tnum text-ink-3">{row.durations[index] === null ? "" : durationText(row.durations[index] * 1000)}</span>
                        </Link>
                      )}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </div>
  );
}
