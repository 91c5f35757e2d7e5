import type { TaskDetailView } from "@/api/own-types";
import { Hint } from "@/shared/Tooltip";
import { durationText, fullText, parseTime } from "@/shared/time";

/** Everything that was recorded of the task, in its order. */
export function EventsTab({ detail }: { detail: TaskDetailView }) {
  if (detail.timeline.length === 0) return <p className="p-4 text-ink-3">Nothing was recorded yet.</p>;
  const first = parseTime(detail.timeline[0].at) ?? 0;
  return (
    <ol className="p-4">
      {detail.timeline.map((event, index) => {
        const at = parseTime(event.at);
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: the record only grows
          <li key={index} className="relative flex gap-3 border-l border-line pb-3 pl-4 last:pb-0">
            <span aria-hidden className="absolute top-1.5 -left-[4.5px] size-2 rounded-full bg-line-strong ring-3 ring-surface" />
            <div className="min-w-0 flex-1">
              <p className="break-words">{event.text}</p>
              {event.attempt !== undefined && detail.attempt_list.length > 1 && <p className="text-2xs text-ink-3">attempt {event.attempt + 1}</p>}
            </div>
            {at !== undefined && (
              <Hint text={fullText(at)} className="tnum shrink-0 text-2xs text-ink-3">
                {index === 0 ? new Date(at).toLocaleTimeString("en-GB") : `+${durationText(at - first)}`}
              </Hint>
            )}
          </li>
        );
      })}
    </ol>
  );
}
