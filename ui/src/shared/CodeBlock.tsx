import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { IconButton } from "./Button";
import { cx } from "./cx";

/** Text as it is, with a button that copies it. For editing and colours see `CodeEditor`. */
export function CodeBlock({ text, label = "Code", className, wrap }: { text: string; label?: string; className?: string; wrap?: boolean }) {
  return (
    <div className={cx("group relative rounded-lg bg-sunken ring-1 ring-inset ring-line", className)}>
      {/* Scrollable regions must be reachable by keyboard. */}
      <pre tabIndex={0} aria-label={label} className={cx("overflow-auto p-3 pr-10 font-mono text-xs", wrap && "break-all whitespace-pre-wrap")}>
        {text}
      </pre>
      <CopyButton text={text} className="absolute top-1.5 right-1.5" />
    </div>
  );
}

export function CopyButton({ text, label = "Copy", className }: { text: string; label?: string; className?: string }) {
  const [isDone, setDone] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setDone(true);
    setTimeout(() => setDone(false), 1500);
  };
  return (
    <IconButton
      small
      label={isDone ? "Copied" : label}
      icon={isDone ? <Check size={13} className="text-succeeded" /> : <Copy size={13} />}
      onPress={() => void copy()}
      className={className}
    />
  );
}
