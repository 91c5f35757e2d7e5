import { Link } from "@tanstack/react-router";
import type { TaskDetailView } from "@/api/own-types";
import { StatusIcon } from "@/shared/StatusBadge";
import { sentence } from "./StepPanel";

const titles = {
  hit: "An earlier result was taken",
  miss: "No earlier result fits",
  off: "Caching is off",
  not_asked: "The cache was not asked",
};

/** Why a result was taken from the cache, or why not. */
export function CacheTab({ detail }: { detail: TaskDetailView }) {
  const { cache } = detail;
  return (
    <div className="space-y-4 p-4">
      <div className="flex items-start gap-2">
        <StatusIcon state={cache.verdict === "hit" ? "CACHED" : "SKIPPED"} size={16} />
        <div>
          <p className="font-medium">{titles[cache.verdict]}</p>
          <p className="text-ink-2">{sentence(cache.text)}</p>
        </div>
      </div>
      {cache.source !== undefined && <TaskLink label="Open the task whose result it is" run={cache.source.run_id} task={cache.source.task} />}
      {cache.differences.length > 0 && (
        <div>
          <h3 className="mb-2 text-xs text-ink-3">What differs from the nearest earlier result</h3>
          <table className="w-full table-fixed text-left text-xs">
            <thead>
              <tr className="text-ink-3">
                <th scope="col" className="w-1/4 py-1 font-normal">Field</th>
                <th scope="col" className="py-1 font-normal">Before</th>
                <th scope="col" className="py-1 font-normal">Now</th>
              </tr>
            </thead>
            <tbody>
              {cache.differences.map((difference) => (
                <tr key={difference.field} className="align-top">
                  <th scope="row" className="border-t border-line py-1.5 pr-3 font-medium break-words">{difference.field}</th>
                  <td className="border-t border-line py-1.5 pr-3 font-mono break-all text-failed">{difference.before ?? "absent"}</td>
                  <td className="border-t border-line py-1.5 font-mono break-all text-succeeded">{difference.now ?? "absent"}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {cache.compared_with !== undefined && <TaskLink label="Open the task it was compared with" run={cache.compared_with.run_id} task={cache.compared_with.task} />}
    </div>
  );
}

function TaskLink({ label, run, task }: { label: string; run: string; task: string }) {
  return (
    <Link to="/runs/details/$runId" params={{ runId: run }} search={{ task } as never} className="link block">
      {label}
    </Link>
  );
}
