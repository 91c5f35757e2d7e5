import { CircleCheck, TriangleAlert } from "lucide-react";
import type { MachineView } from "@/api/own-types";
import { bytesText } from "@/shared/bytes";
import { cx } from "@/shared/cx";

/** How full the machine is that tasks run on, and what it has or lacks. */
export function Machine({ machine, gpus }: { machine: MachineView; gpus: string[] }) {
  const { capacity, free } = machine;
  const meters: MeterProps[] = [
    { name: "CPUs", used: capacity.cpus - free.cpus, all: capacity.cpus, text: (value) => String(Number(value.toFixed(2))) },
    { name: "Memory", used: capacity.memory_bytes - free.memory_bytes, all: capacity.memory_bytes, text: bytesText },
    { name: "Attempts at once", used: machine.running_attempts, all: machine.most_attempts, text: String },
  ];
  if (capacity.gpus > 0) meters.splice(2, 0, { name: "GPUs", used: capacity.gpus - free.gpus, all: capacity.gpus, text: String });
  return (
    <>
      <p className="mb-3 text-ink-2">
        What tasks that run now have been given of it. {machine.waiting_attempts === 0 ? "None waits for room." : `${machine.waiting_attempts} wait for room.`}
        {capacity.gpus === 0 && " It has no GPUs."}
      </p>
      <div className="grid gap-x-8 gap-y-3 sm:grid-cols-2">
        {meters.map((meter) => (
          <Meter key={meter.name} {...meter} />
        ))}
      </div>
      {gpus.length > 0 && <p className="mt-3 text-xs text-ink-3">GPUs: {gpus.join(", ")}</p>}
      <ul aria-label="What the machine has" className="mt-5 divide-y divide-line rounded-lg ring-1 ring-line">
        {machine.findings.map((finding) => (
          <li key={finding.name} className="flex gap-3 px-3 py-2">
            {finding.ok ? <CircleCheck size={15} aria-label="Fine" className="mt-0.5 shrink-0 text-succeeded" /> : <TriangleAlert size={15} aria-label="Missing" className="mt-0.5 shrink-0 text-warning" />}
            <div className="min-w-0">
              <span className="font-medium">{finding.name}</span> <span className="break-words text-ink-2">{finding.text}</span>
              {!finding.ok && finding.hint !== undefined && <p className="text-xs text-pretty text-ink-3">{finding.hint}</p>}
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}

interface MeterProps {
  name: string;
  used: number;
  all: number;
  text: (value: number) => string;
}

function Meter({ name, used, all, text }: MeterProps) {
  const share = all === 0 ? 0 : Math.min(1, used / all);
  return (
    <div>
      <div className="mb-1 flex justify-between gap-2">
        <span className="text-ink-3">{name}</span>
        <span className="tnum">
          {text(used)} of {text(all)}
        </span>
      </div>
      <div role="meter" aria-label={`${name} in use`} aria-valuemin={0} aria-valuemax={all} aria-valuenow={used} aria-valuetext={`${text(used)} of ${text(all)}`} className="h-1.5 overflow-hidden rounded-full bg-neutral-soft">
        <div style={{ width: `${share * 100}%` }} className={cx("h-full rounded-full", share >= 1 ? "bg-warning" : "bg-accent")} />
      </div>
    </div>
  );
}
