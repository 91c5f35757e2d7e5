import { useState } from "react";
import { Banner } from "@/shared/Banner";
import { ConfusionMatrix } from "./ConfusionMatrix";
import type { Classification } from "./metrics";
import { RocChart } from "./RocChart";

/** What a classifier was measured by. */
export function ClassificationView({ metrics, name }: { metrics: Classification; name: string }) {
  const isEmpty = metrics.confusion === undefined && metrics.roc === undefined && metrics.problems.length === 0;
  return (
    <div className="flex flex-wrap gap-x-10 gap-y-6">
      {metrics.problems.map((problem) => (
        <Banner key={problem} kind="warning" title={`A part of ${name} cannot be shown`} className="w-full">
          {problem}
        </Banner>
      ))}
      {metrics.confusion !== undefined && <ConfusionMatrix confusion={metrics.confusion} label={`Confusion matrix of ${name}`} />}
      {metrics.roc !== undefined && (
        <div className="min-w-64 flex-1">
          <RocChart label={`ROC curve of ${name}`} curves={[{ id: name, name, points: metrics.roc, style: 0 }]} />
        </div>
      )}
      {isEmpty && <p className="text-ink-3">Nothing was logged here.</p>}
    </div>
  );
}

/** The same, once for each slice of the data. */
export function SlicedView({ slices, name }: { slices: { name: string; metrics: Classification }[]; name: string }) {
  const [chosen, setChosen] = useState(0);
  if (slices.length === 0) return <p className="text-ink-3">No slice was logged here.</p>;
  const slice = slices[Math.min(chosen, slices.length - 1)];
  return (
    <div>
      <label className="mb-3 flex items-center gap-2 text-xs text-ink-3">
        Slice
        <select value={chosen} onChange={(event) => setChosen(Number(event.target.value))} className="h-7 rounded-md bg-surface px-2 text-ink ring-1 ring-line-strong ring-inset">
          {slices.map((entry, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: names of slices may repeat
            <option key={index} value={index}>
              {entry.name}
            </option>
          ))}
        </select>
      </label>
      <ClassificationView key={chosen} metrics={slice.metrics} name={`${name}, ${slice.name}`} />
    </div>
  );
}
