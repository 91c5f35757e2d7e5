import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Copy } from "lucide-react";
import { useState } from "react";
import { differs } from "@/api/filter";
import { listRuns } from "@/api/queries";
import { Button, IconButton } from "@/shared/Button";
import { EditorOnly } from "@/shared/EditorOnly";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { RelativeTime } from "@/shared/Time";
import { COMPARABLE, compareIcon, useRunActions } from "../runs/actions";

const SHOWN = 5;

export const lastRuns = (experimentId: string) =>
  listRuns({ experimentId, pageSize: SHOWN, sortBy: "created_at desc", predicates: [differs("storage_state", "ARCHIVED")] });

/** The last runs of an experiment below its row: to open, to clone, to compare. */
export function RecentRuns({ experimentId }: { experimentId: string }) {
  const { data, isPending } = useQuery(lastRuns(experimentId));
  const actions = useRunActions();
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  if (isPending) return <p className="text-ink-3">Loading…</p>;
  if (!data || data.items.length === 0) return <p className="text-ink-3">No runs yet.</p>;
  const chosen = data.items.filter((run) => marked.has(run.run_id));
  const [least, most] = COMPARABLE;
  const mark = (id: string) => {
    const next = new Set(marked);
    if (!next.delete(id)) next.add(id);
    setMarked(next);
  };
  return (
    <div className="flex flex-col gap-1">
      <ul aria-label="Last runs" className="flex flex-col">
        {data.items.map((run) => (
          <li key={run.run_id} className="flex h-8 items-center gap-2.5 px-2">
            <input
              type="checkbox"
              aria-label={`Mark ${run.display_name}`}
              checked={marked.has(run.run_id)}
              onChange={() => mark(run.run_id)}
              className="size-3.5 shrink-0 accent-accent"
            />
            <StatusIcon state={run.state} label={lookOf(run.state).word} />
            <Link to="/runs/details/$runId" params={{ runId: run.run_id }} search={{}} className="min-w-0 flex-1 truncate hover:underline">
              {run.display_name}
            </Link>
            <span className="shrink-0 text-ink-3">
              <RelativeTime time={run.created_at} />
            </span>
            <EditorOnly>
              <IconButton small label={`Clone ${run.display_name}`} icon={<Copy size={13} />} onPress={() => actions.clone(run)} />
            </EditorOnly>
          </li>
        ))}
      </ul>
      <div className="flex items-center gap-4 px-2">
        {chosen.length > 0 && (
          <Button small icon={compareIcon} isDisabled={chosen.length < least || chosen.length > most} onPress={() => actions.compare(chosen)}>
            {chosen.length < least ? "Mark one more to compare" : `Compare ${chosen.length} runs`}
          </Button>
        )}
        {(data.total ?? 0) > data.items.length && (
          <Link to="/experiments/details/$experimentId" params={{ experimentId }} search={{}} className="link">
            All {data.total} runs
          </Link>
        )}
      </div>
    </div>
  );
}
