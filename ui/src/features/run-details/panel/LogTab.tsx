import type { TaskDetailView } from "@/api/own-types";
import { Link } from "@tanstack/react-router";
import { LogView } from "@/logs/LogView";
import { Banner } from "@/shared/Banner";
import { EmptyState } from "@/shared/EmptyState";
import { AttemptPicker, useAttempt } from "./AttemptPicker";

/** The log of the chosen attempt; of a cached task, the way to the run that printed it. */
export function LogTab({ run, detail }: { run: string; detail: TaskDetailView }) {
  const [attempt, setAttempt] = useAttempt(detail);
  const cached = detail.cached_from;
  if (detail.state === "CACHED" && attempt === undefined) {
    return (
      <EmptyState title="Taken from the cache">
        The task did not run, so it printed nothing here.{" "}
        {cached !== undefined && (
          <Link to="/runs/details/$runId" params={{ runId: cached.run_id }} search={{ task: cached.task, panel: "logs" } as never} className="link">
            See the log of the run whose result was taken.
          </Link>
        )}
      </EmptyState>
    );
  }
  if (attempt === undefined) return <EmptyState title="No log">Nothing was started for this task.</EmptyState>;
  // Also one that is not known to have started: its log begins before, and it may be over before that is told.
  const isRunning = attempt.ended_at === undefined && detail.ended_at === undefined;
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <AttemptPicker detail={detail} chosen={attempt.number} onChoose={setAttempt} />
      {attempt.error !== undefined && detail.attempt_list.length > 1 && attempt.error.message !== detail.error?.message && (
        <Banner kind="error" title={attempt.error.message} className="mx-3 mt-2" />
      )}
      <LogView name={{ run, task: detail.key, attempt: attempt.number }} isRunning={isRunning} />
    </div>
  );
}
