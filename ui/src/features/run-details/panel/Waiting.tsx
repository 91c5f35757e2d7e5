import type { AmountView, QueueView, TaskDetailView } from "@/api/own-types";
import { Banner } from "@/shared/Banner";
import { bytesText } from "@/shared/bytes";
import { cx } from "@/shared/cx";
import type { Selection } from "../selection";
import { sentence } from "./StepPanel";

/** Why a task does not run yet. */
export function Waiting({ waiting, selection }: { waiting: NonNullable<TaskDetailView["waiting"]>; selection: Selection }) {
  return (
    <Banner kind="info" title={waiting.queue === undefined ? sentence(waiting.text) : "It waits for room on the machine"} className="mx-4 mt-3">
      {waiting.tasks.length > 0 && (
        <span className="flex flex-wrap gap-x-2">
          {waiting.tasks.map((task) => (
            <button key={task} type="button" onClick={() => selection.selectTask(task)} className="link">
              {task.slice(task.lastIndexOf("/") + 1)}
            </button>
          ))}
        </span>
      )}
      {waiting.queue !== undefined && <Queue queue={waiting.queue} />}
    </Banner>
  );
}

/** What an attempt needs beside what is free; what keeps it waiting stands out. */
function Queue({ queue }: { queue: QueueView }) {
  const isFull = queue.running_attempts >= queue.most_attempts;
  return (
    <>
      <p>
        Number {queue.position} of {queue.waiting} that wait; {queue.running_attempts} run
        {isFull && <strong className="font-medium text-warning">, and no more than {queue.most_attempts} may at once</strong>}.
      </p>
      <table className="mt-1.5 text-left text-xs">
        <thead className="text-ink-3">
          <tr>
            <th scope="col" className="pr-6 font-normal">
              <span className="sr-only">What</span>
            </th>
            <th scope="col" className="pr-6 text-right font-normal">
              Needs
            </th>
            <th scope="col" className="text-right font-normal">
              Free
            </th>
          </tr>
        </thead>
        <tbody>
          {amounts(queue.needs, queue.free).map(({ name, needs, free, isShort }) => (
            <tr key={name}>
              <th scope="row" className="pr-6 font-normal">
                {name}
              </th>
              <td className="tnum pr-6 text-right">{needs}</td>
              <td className={cx("tnum text-right", isShort && "font-medium text-warning")}>
                {free}
                {isShort && <span className="sr-only"> (too little)</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

/** Returns a row for each kind of room; one for GPUs only where they matter. */
export function amounts(needs: AmountView, free: AmountView) {
  const rows = [
    { name: "CPUs", needs: number(needs.cpus), free: number(free.cpus), isShort: needs.cpus > free.cpus },
    { name: "Memory", needs: bytesText(needs.memory_bytes), free: bytesText(free.memory_bytes), isShort: needs.memory_bytes > free.memory_bytes },
    { name: "GPUs", needs: String(needs.gpus), free: String(free.gpus), isShort: needs.gpus > free.gpus },
  ];
  return rows.filter((row) => row.name !== "GPUs" || needs.gpus > 0);
}

const number = (value: number) => String(Number(value.toFixed(2)));
