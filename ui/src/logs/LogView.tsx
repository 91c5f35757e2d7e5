import { ArrowDownToLine, Download, ScrollText } from "lucide-react";
import { useCallback, useState } from "react";
import { address } from "@/api/client";
import { Button } from "@/shared/Button";
import { ErrorBanner } from "@/shared/Banner";
import { cx } from "@/shared/cx";
import { EmptyState } from "@/shared/EmptyState";
import { Skeleton } from "@/shared/Skeleton";
import { bytesText } from "@/shared/bytes";
import { LogLine } from "./LogLine";
import { LogSearch } from "./LogSearch";
import type { LogPages } from "./pages";
import { visible } from "./scroll";
import { downloadPath, type LogName, type Match } from "./source";
import { useLog } from "./useLog";
import { useLogScroll } from "./useLogScroll";

export interface LogViewProps {
  name: LogName;
  /** The attempt still prints. */
  isRunning: boolean;
  /** What to say when there is no log. */
  empty?: string;
}

/** The log of one attempt: at its end at first, followed while it grows, searched on the server. */
export function LogView({ name, isRunning, empty }: LogViewProps) {
  const { state, version, touch, reopen } = useLog(name, isRunning);
  if (state.kind === "opening") {
    return (
      <div role="status" aria-label="Opening the log" className="space-y-2 p-4">
        {[70, 45, 88, 60].map((width) => (
          <span key={width} style={{ width: `${width}%` }} className="block">
            <Skeleton className="h-3" />
          </span>
        ))}
      </div>
    );
  }
  if (state.kind === "failed") return <ErrorBanner error={state.message} onRetry={reopen} className="m-4" />;
  if (state.kind === "none" || (state.pages.size === 0 && !state.isLive)) {
    return (
      <EmptyState icon={<ScrollText size={18} />} title="No log">
        {isRunning ? "Nothing was printed so far." : (empty ?? "The task printed nothing.")}
      </EmptyState>
    );
  }
  return <Lines key={`${name.run} ${name.task} ${name.attempt}`} name={name} pages={state.pages} isLive={state.isLive} version={version} touch={touch} />;
}

interface LinesProps {
  name: LogName;
  pages: LogPages;
  isLive: boolean;
  version: number;
  touch: () => void;
}

function Lines({ name, pages, isLive, version, touch }: LinesProps) {
  const scroll = useLogScroll(pages, version, touch);
  const [wanted, setWanted] = useState("");
  const [current, setCurrent] = useState<number>();
  const { goTo } = scroll;
  const onGo = useCallback(
    (match: Match | undefined) => {
      setCurrent(match?.offset);
      if (match !== undefined) goTo(match.offset - 400);
    },
    // biome-ignore lint/correctness/useExhaustiveDependencies: `goTo` of any rendering does the same
    [],
  );
  const { lines } = visible(pages, scroll.place, scroll.height);
  const download = downloadPath(name);
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="flex h-9 shrink-0 items-center gap-2 border-b border-line px-3">
        <LogSearch name={name} onWanted={setWanted} onGo={onGo} />
        <span className="tnum shrink-0 text-2xs text-ink-3">{bytesText(pages.size)}</span>
        {isLive && (
          <span className="flex shrink-0 items-center gap-1 text-2xs text-running">
            <span aria-hidden className="size-1.5 animate-[breathe_1.6s_ease-in-out_infinite] rounded-full bg-running" />
            live
          </span>
        )}
        <Button
          small
          kind="ghost"
          aria-pressed={scroll.isFollowing}
          icon={<ArrowDownToLine size={13} />}
          onPress={scroll.follow}
          className={cx(scroll.isFollowing && "text-accent-ink")}
        >
          {isLive ? "Follow" : "End"}
        </Button>
        <a
          href={address(download.path, download.query)}
          download={`${name.task.replaceAll("/", "-")}-${name.attempt}.log`}
          aria-label="Download the log"
          title="Download the log"
          className="flex size-6 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
        >
          <Download size={13} aria-hidden />
        </a>
      </div>
      <div
        ref={scroll.scroller}
        role="log"
        aria-label={`Log of ${name.task}, attempt ${name.attempt + 1}`}
        aria-live="off"
        tabIndex={0}
        onScroll={scroll.onScroll}
        onKeyDown={scroll.onKeyDown}
        className="relative min-h-0 flex-1 overflow-x-hidden overflow-y-auto bg-sunken font-mono text-xs outline-offset-[-2px]"
      >
        <div style={{ height: Math.max(scroll.total, 1) }}>
          <div style={{ height: scroll.height || "100%" }} className="sticky top-0 overflow-x-auto overflow-y-hidden">
            <div style={{ transform: `translateY(${-scroll.place.hidden}px)` }} className="w-max min-w-full">
              {lines.map(({ line }) => (
                <LogLine key={line.offset} text={line.text} wanted={wanted} isCurrent={current === line.offset} />
              ))}
            </div>
          </div>
        </div>
      </div>
    </div>
  );
}
