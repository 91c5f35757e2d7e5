import { useMemo, useState } from "react";
import type { CompareView } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { ConfusionMatrix } from "@/viewers/ConfusionMatrix";
import { areaUnder, sortRoc } from "@/viewers/metrics";
import { CurveMark, RocChart } from "@/viewers/RocChart";
import { letterOf } from "./ComparePage";
import { ParallelPlot } from "./ParallelPlot";
import { hasParallelPlot } from "./parallel";
import { firstCurves, MOST_CURVES } from "./rows";

/** How many pictures there are. */
export function chartCount(view: CompareView): number {
  return view.roc_curves.length + view.confusion_matrices.length + Number(hasParallelPlot(view));
}

/** Runs over parallel axes, ROC curves over one another, confusion matrices beside one another. */
export function CompareCharts({ view }: { view: CompareView }) {
  if (chartCount(view) === 0) {
    return <EmptyState title="No charts">The runs logged no classification metrics, and no two of their parameters or metrics differ.</EmptyState>;
  }
  return (
    <div className="space-y-10 p-5 max-md:p-3">
      <ParallelPlot view={view} />
      {view.roc_curves.length > 0 && <Curves view={view} />}
      {view.confusion_matrices.length > 0 && (
        <section aria-label="Confusion matrices">
          <h2 className="mb-3 text-sm">Confusion matrices</h2>
          <div className="flex flex-wrap gap-x-12 gap-y-8">
            {view.confusion_matrices.map((entry) => (
              <div key={entry.artifact_id + entry.run_id}>
                <h3 className="mb-2 text-xs text-ink-2">{nameOf(view, entry)}</h3>
                <ConfusionMatrix confusion={{ labels: entry.labels, matrix: entry.matrix }} label={`Confusion matrix of ${nameOf(view, entry)}`} />
              </div>
            ))}
          </div>
        </section>
      )}
    </div>
  );
}

function nameOf(view: CompareView, entry: { run_id: string; task: string; artifact: string }): string {
  const index = view.runs.findIndex((run) => run.run_id === entry.run_id);
  return `${letterOf(index)} · ${view.runs[index]?.display_name ?? entry.run_id} · ${entry.task.replace(/^root\//, "")} / ${entry.artifact}`;
}

function Curves({ view }: { view: CompareView }) {
  const [chosen, setChosen] = useState<readonly number[]>(() => firstCurves(view.roc_curves.length));
  const [text, setText] = useState("");
  const all = useMemo(
    () =>
      view.roc_curves.map((curve, index) => ({
        id: `${index}`,
        name: nameOf(view, curve),
        points: sortRoc(curve.points),
        style: index,
      })),
    [view],
  );
  const shown = all.filter((_, index) => chosen.includes(index));
  const listed = all.filter((curve) => curve.name.toLowerCase().includes(text.trim().toLowerCase()));
  const toggle = (index: number) => setChosen(chosen.includes(index) ? chosen.filter((other) => other !== index) : [...chosen, index]);
  return (
    <section aria-label="ROC curves">
      <h2 className="mb-3 text-sm">ROC curves</h2>
      <div className="flex flex-wrap items-start gap-8">
        <div className="w-full max-w-md">
          {shown.length === 0 ? <p className="text-ink-3">Choose a curve.</p> : <RocChart label="ROC curves of the chosen runs" curves={shown} />}
        </div>
        <div className="min-w-64 flex-1">
          <input
            aria-label="Filter curves"
            placeholder="Filter"
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="mb-2 h-7 w-full max-w-64 rounded-md bg-surface px-2 text-xs ring-1 ring-line-strong ring-inset placeholder:text-ink-3"
          />
          <ul className="max-h-96 overflow-y-auto rounded-lg ring-1 ring-line ring-inset">
            {listed.map((curve) => {
              const index = Number(curve.id);
              const isChosen = chosen.includes(index);
              return (
                <li key={curve.id} className="border-b border-line last:border-0">
                  <label className={cx("flex items-center gap-2 px-3 py-1.5 text-xs", !isChosen && chosen.length >= MOST_CURVES && "opacity-50")}>
                    <input type="checkbox" checked={isChosen} disabled={!isChosen && chosen.length >= MOST_CURVES} onChange={() => toggle(index)} className="size-3.5 accent-accent" />
                    <CurveMark style={curve.style} />
                    <span className="min-w-0 flex-1 truncate">{curve.name}</span>
                    <span className="tnum text-ink-3">area {areaUnder(curve.points)?.toFixed(3) ?? "—"}</span>
                  </label>
                </li>
              );
            })}
          </ul>
          <p className="pt-1.5 text-2xs text-ink-3">{`At most ${MOST_CURVES} at a time.`}</p>
        </div>
      </div>
    </section>
  );
}
