import { FileCheck2, FileUp, FileX2 } from "lucide-react";
import { useId, useState, type DragEvent } from "react";
import { bytesText } from "./bytes";
import { cx } from "./cx";

export interface DropFileProps {
  file: File | undefined;
  /** What to do, while there is no file. */
  ask: string;
  /** Which files, while there is none. */
  hint: string;
  /** Endings, separated by commas. */
  kinds: string;
  /** What the file is, once that is known. */
  summary?: string;
  isBroken?: boolean;
  onChoose: (file: File) => void;
}

/** A place to drop a file on, or to choose one from. */
export function DropFile({ file, ask, hint, kinds, summary, isBroken, onChoose }: DropFileProps) {
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
      <span className="font-medium">{file ? file.name : ask}</span>
      <span className="text-xs text-ink-3">{file ? (summary ?? bytesText(file.size)) : hint}</span>
      <input id={id} type="file" accept={kinds} className="sr-only" onChange={(event) => event.target.files?.[0] && onChoose(event.target.files[0])} />
    </label>
  );
}
