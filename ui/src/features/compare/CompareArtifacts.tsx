import { Link } from "@tanstack/react-router";
import type { CompareView } from "@/api/own-types";
import { plainInput } from "@/graph/model/scene";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { letterOf } from "./ComparePage";

/** The artifacts of each task, run by run. */
export function CompareArtifacts({ view }: { view: CompareView }) {
  if (view.artifacts.length === 0) return <EmptyState title="No artifacts" />;
  return (
    <div className="p-5 max-md:p-3">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div tabIndex={0} role="region" aria-label="Artifacts of the runs" className="overflow-x-auto rounded-lg border border-line">
        <table className="w-full border-separate border-spacing-0 text-left text-xs">
          <caption className="sr-only">Artifacts by task and run</caption>
          <thead>
            <tr className="bg-sunken">
              {["Task", "Artifact", "Type"].map((word) => (
                <th key={word} scope="col" className="border-b border-line px-3 py-2 font-medium text-ink-2">
                  {word}
                </th>
              ))}
              {view.runs.map((run, index) => (
                <th key={run.run_id} scope="col" title={run.display_name} className="border-b border-line px-3 py-2 font-medium text-ink-2">
                  {letterOf(index)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.artifacts.map((row) => (
              <tr key={`${row.task} ${row.name}`}>
                <td className="border-b border-line px-3 py-2 text-ink-2">{row.task.replace(/^root\//, "")}</td>
                <th scope="row" className="border-b border-line px-3 py-2 font-medium">{plainInput(row.name)}</th>
                <td className="border-b border-line px-3 py-2 text-ink-3">{row.type.replace(/^system\./, "")}</td>
                {row.artifact_ids.map((id, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: a column is a run
                  <td key={index} title={row.uris[index] ?? undefined} className={cx("border-b border-line px-3 py-2", row.differs && id !== null && "bg-warning-soft")}>
                    {id === null ? (
                      <span className="text-ink-3">none</span>
                    ) : (
                      <Link to="/artifacts/$artifactId" params={{ artifactId: id }} search={{}} className="link">
                        open{row.differs ? "" : " (same)"}
                      </Link>
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
