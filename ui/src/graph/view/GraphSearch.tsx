import { ChevronDown, ChevronUp, X } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { IconButton } from "@/shared/Button";
import type { Findable } from "../model/scene";

export interface GraphSearchProps {
  all: Findable[];
  onFound: (ids: ReadonlySet<string>) => void;
  onGo: (id: string) => void;
  onClose: () => void;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Finds tasks by name, in closed groups too. */
export function GraphSearch({ all, onFound, onGo, onClose }: GraphSearchProps) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const found = matching(all, text);
  useEffect(() => {
    input.current?.focus();
    return () => onFound(NOBODY);
  }, [onFound]);
  const change = (next: string) => {
    setText(next);
    setAt(0);
    const ids = matching(all, next).map((entry) => entry.id);
    onFound(new Set(ids));
    if (ids.length > 0) onGo(ids[0]);
  };
  const step = (by: number) => {
    if (found.length === 0) return;
    const next = (at + by + found.length) % found.length;
    setAt(next);
    onGo(found[next].id);
  };
  return (
    <search className="absolute top-3 right-3 z-10 flex items-center gap-0.5 rounded-lg bg-raised p-0.5 pl-2 shadow-pop max-md:top-13 max-md:right-auto max-md:left-3">
      <input
        ref={input}
        aria-label="Find a task by name"
        placeholder="Find a task"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") onClose();
          event.stopPropagation();
        }}
        className="h-6 w-44 bg-transparent text-xs outline-none placeholder:text-ink-3"
      />
      <span role="status" className="tnum min-w-12 text-right text-2xs text-ink-3">
        {text === "" ? "" : found.length === 0 ? "none" : `${at + 1} of ${found.length}`}
      </span>
      <IconButton small label="Previous" icon={<ChevronUp size={14} />} onPress={() => step(-1)} isDisabled={found.length === 0} />
      <IconButton small label="Next" icon={<ChevronDown size={14} />} onPress={() => step(1)} isDisabled={found.length === 0} />
      <IconButton small label="Close" icon={<X size={14} />} onPress={onClose} />
    </search>
  );
}

export function matching(all: Findable[], text: string): Findable[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  return all.filter((entry) => entry.title.toLowerCase().includes(wanted) || entry.name.toLowerCase().includes(wanted));
}
