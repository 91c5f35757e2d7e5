import { ChevronDown, ChevronUp, Search } from "lucide-react";
import { useEffect, useState } from "react";
import { messageOf } from "@/api/client";
import { IconButton } from "@/shared/Button";
import { type LogName, type Match, searchLog } from "./source";

export interface LogSearchProps {
  name: LogName;
  onWanted: (text: string) => void;
  onGo: (match: Match | undefined) => void;
}

const SETTLED_AFTER = 250;

/** Searches the whole log on the server and walks through what it found. */
export function LogSearch({ name, onWanted, onGo }: LogSearchProps) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<{ matches: Match[]; isMore: boolean }>();
  const [at, setAt] = useState(0);
  const [problem, setProblem] = useState<string>();
  const { run, task, attempt } = name;
  useEffect(() => {
    setFound(undefined);
    setProblem(undefined);
    if (text.trim() === "") return;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      searchLog({ run, task, attempt }, text, 0, stop.signal).then(
        (answer) => {
          setFound({ matches: answer.matches, isMore: answer.next !== undefined });
          setAt(0);
          onGo(answer.matches[0]);
        },
        (error: unknown) => !stop.signal.aborted && setProblem(messageOf(error)),
      );
    }, SETTLED_AFTER);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text, run, task, attempt, onGo]);
  const step = (by: number) => {
    if (found === undefined || found.matches.length === 0) return;
    const next = (at + by + found.matches.length) % found.matches.length;
    setAt(next);
    onGo(found.matches[next]);
  };
  const count = found?.matches.length ?? 0;
  return (
    <search className="flex min-w-0 flex-1 items-center gap-1">
      <Search size={13} aria-hidden className="shrink-0 text-ink-3" />
      <input
        aria-label="Search in the log"
        placeholder="Search"
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          onWanted(event.target.value.trim().toLowerCase());
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") step(event.shiftKey ? -1 : 1);
          if (event.key === "Escape") {
            setText("");
            onWanted("");
            onGo(undefined);
            event.stopPropagation();
          }
        }}
        className="h-6 min-w-0 flex-1 bg-transparent text-xs outline-none placeholder:text-ink-3"
      />
      <span role="status" className="tnum shrink-0 text-2xs text-ink-3" title={problem}>
        {problem !== undefined ? "cannot search" : found === undefined ? "" : count === 0 ? "none" : `${at + 1} of ${count}${found.isMore ? "+" : ""}`}
      </span>
      {count > 0 && (
        <>
          <IconButton small label="Previous match" icon={<ChevronUp size={13} />} onPress={() => step(-1)} />
          <IconButton small label="Next match" icon={<ChevronDown size={13} />} onPress={() => step(1)} />
        </>
      )}
    </search>
  );
}
