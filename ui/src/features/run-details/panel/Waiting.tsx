import type { Resources, TaskDetailView } from "@/api/own-types";
import { Banner } from "@/shared/Banner";
import { RelativeTime } from "@/shared/Time";
import { bytesText } from "@/shared/bytes";
import type { Selection } from "../selection";
import { sentence } from "./StepPanel";

/** Why a task does not run yet. */
export function Waiting({ waiting, selection }: { waiting: NonNullable<TaskDetailView["waiting"]>; selection: Selection }) {
  return (
    <Banner kind="info" title={sentence(waiting.text)} className="mx-4 mt-3">
      {waiting.tasks.length > 0 && (
        <span className="flex flex-wrap gap-x-2">
          {waiting.tasks.map((task) => (
            <button key={task} type="button" onClick={() => selection.selectTask(task)} className="link">
              {task.slice(task.lastIndexOf("/") + 1)}
            </button>
          ))}
        </span>
      )}
      {waiting.needs !== undefined && (
        <span className="block">
          Needs {resourcesText(waiting.needs)}
          {waiting.free !== undefined && `; free now: ${resourcesText(waiting.free)}`}.
        </span>
      )}
      {waiting.position !== undefined && <span className="block">{`Place ${waiting.position + 1} in the queue.`}</span>}
      {waiting.until !== undefined && (
        <span className="block">
          Next try <RelativeTime time={waiting.until} />.
        </span>
      )}
    </Banner>
  );
}

export function resourcesText({ cpu_millis, memory_bytes }: Resources): string {
  return `${Number((cpu_millis / 1000).toFixed(2))} CPU, ${bytesText(memory_bytes)}`;
}
