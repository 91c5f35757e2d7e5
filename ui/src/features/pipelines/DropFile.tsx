import { FileCheck2, FileUp, FileX2 } from "lucide-react";
import { useId, useState, type DragEvent } from "react";
import { cx } from "@/shared/cx";

const KINDS = ".yaml,.yml,.json,.zip,.tar.gz,.tgz";

/** A place to drop a file on, or to choose one from. */
export function DropFile({ file, summary, isBroken, onChoose }: { file: File | undefined; summary?: string; isBroken?: boolean; onChoose: (file: File) => void }) {
  const id = useId();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped) onChoose(dropped);
  };
  const Icon = file === undefined ? FileUp : isBroken ? FileX2 : FileCheck2;
  return (
    <label
      htmlFor={id}
      onDragOver={(event) => (event.preventDefault(), setOver(true))}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={cx(
        "flex min-h-36 flex-col items-center justify-center gap-1 rounded-xl border border-dashed p-6 text-center transition-colors focus-within:outline-2 focus-within:outline-accent",
        isOver ? "border-accent bg-accent-soft" : "border-line-strong bg-sunken hover:border-ink-3",
      )}
    >
      <Icon size={22} className={cx("mb-1", file === undefined ? "text-ink-3" : isBroken ? "text-failed" : "text-succeeded")} aria-hidden />
      <span className="font-medium">{file ? file.name : "Drop a compiled pipeline here, or choose a file"}</span>
      <span className="text-xs text-ink-3">{file ? (summary ?? `${Math.ceil(file.size / 1024)} KiB`) : "YAML, JSON, zip or tar.gz, up to 32 MiB"}</span>
      <input id={id} type="file" accept={KINDS} className="sr-only" onChange={(event) => event.target.files?.[0] && onChoose(event.target.files[0])} />
    </label>
  );
}
