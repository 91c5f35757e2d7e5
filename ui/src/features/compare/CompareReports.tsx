import { useState } from "react";
import type { CompareView } from "@/api/own-types";
import { EmptyState } from "@/shared/EmptyState";
import { FileView } from "@/viewers/FileView";
import { letterOf } from "./ComparePage";

/** Two reports beside one another, each of any run. */
export function CompareReports({ view }: { view: CompareView }) {
  const [left, setLeft] = useState(0);
  const [right, setRight] = useState(Math.min(1, view.documents.length - 1));
  if (view.documents.length === 0) return <EmptyState title="No reports">The runs left no HTML or Markdown.</EmptyState>;
  return (
    <div className="grid min-h-0 flex-1 gap-4 p-5 max-md:p-3 md:grid-cols-2">
      <Report view={view} chosen={left} onChoose={setLeft} label="Report at the left" />
      <Report view={view} chosen={right} onChoose={setRight} label="Report at the right" />
    </div>
  );
}

interface ReportProps {
  view: CompareView;
  chosen: number;
  onChoose: (index: number) => void;
  label: string;
}

function Report({ view, chosen, onChoose, label }: ReportProps) {
  const document = view.documents[chosen];
  const nameOf = (entry: CompareView["documents"][number]) => {
    const index = view.runs.findIndex((run) => run.run_id === entry.run_id);
    return `${letterOf(index)} · ${entry.task.replace(/^root\//, "")} / ${entry.artifact} (${entry.kind === "html" ? "HTML" : "Markdown"})`;
  };
  return (
    <section aria-label={label} className="flex min-h-96 min-w-0 flex-col gap-3">
      <select aria-label={label} value={chosen} onChange={(event) => onChoose(Number(event.target.value))} className="h-8 rounded-md bg-surface px-2 ring-1 ring-line-strong ring-inset">
        {view.documents.map((entry, index) => (
          <option key={entry.artifact_id + entry.run_id} value={index}>
            {nameOf(entry)}
          </option>
        ))}
      </select>
      <div className="min-h-0 flex-1 overflow-auto">
        <FileView key={document.artifact_id} artifact={document.artifact_id} name={document.artifact} media={document.kind} />
      </div>
    </section>
  );
}
