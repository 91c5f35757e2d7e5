import type { AttemptView, TaskDetailView } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { Duration } from "@/shared/Time";
import { useUrlState } from "@/shared/url";

/** The attempt that the URL names, else the last one. */
export function useAttempt(detail: TaskDetailView): [AttemptView | undefined, (attempt: number) => void] {
  const [url, patch] = useUrlState();
  const named = detail.attempt_list.find((attempt) => String(attempt.number) === url["attempt"]);
  return [named ?? detail.attempt_list.at(-1), (attempt) => patch({ attempt: String(attempt) })];
}

export interface AttemptPickerProps {
  detail: TaskDetailView;
  chosen: number;
  onChoose: (attempt: number) => void;
}

/** One button for each attempt, when there were several. */
export function AttemptPicker({ detail, chosen, onChoose }: AttemptPickerProps) {
  if (detail.attempt_list.length < 2) return null;
  return (
    <div role="radiogroup" aria-label="Attempt" className="flex shrink-0 gap-1 overflow-x-auto border-b border-line px-3 py-1.5">
      {detail.attempt_list.map((attempt) => {
        const isChosen = attempt.number === chosen;
        return (
          // biome-ignore lint/a11y/useSemanticElements: it holds a state and a duration
          <button
            key={attempt.number}
            type="button"
            role="radio"
            aria-checked={isChosen}
            onClick={() => onChoose(attempt.number)}
            className={cx("flex h-6 shrink-0 items-center gap-1.5 rounded-md px-2 text-xs", isChosen ? "bg-accent-soft text-accent-ink" : "text-ink-2 hover:bg-hover")}
          >
            <StatusIcon state={attempt.state} size={12} label={lookOf(attempt.state).word} />
            Attempt {attempt.number + 1}
            <span className="text-ink-3">
              <Duration from={attempt.started_at} to={attempt.ended_at} isLive={attempt.state === "RUNNING"} />
            </span>
          </button>
        );
      })}
    </div>
  );
}
