import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { contains, differs } from "@/api/filter";
import { listRuns } from "@/api/queries";
import { ErrorBanner } from "@/shared/Banner";
import { Dialog } from "@/shared/Dialog";
import { TextInput } from "@/shared/Field";
import { SkeletonLines } from "@/shared/Skeleton";
import { StatusIcon } from "@/shared/StatusBadge";
import { lookOf } from "@/shared/status";
import { RelativeTime } from "@/shared/Time";

/** Finds a run by its name. */
export function AddRunDialog({ chosen, onAdd, onClose }: { chosen: string[]; onAdd: (id: string) => void; onClose: () => void }) {
  const [text, setText] = useState("");
  const query = useQuery(
    listRuns({ pageSize: 20, sortBy: "created_at desc", predicates: [differs("storage_state", "ARCHIVED"), text.trim() !== "" && contains("name", text.trim())] }),
  );
  const runs = (query.data?.items ?? []).filter((run) => !chosen.includes(run.run_id));
  return (
    <Dialog title="Add a run" isOpen onClose={onClose} width={560}>
      <TextInput aria-label="Name of the run" placeholder="Name" value={text} autoFocus onChange={(event) => setText(event.target.value)} />
      {query.error !== null && <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="mt-3" />}
      {query.isPending && <div className="py-3"><SkeletonLines lines={5} /></div>}
      <ul className="mt-2 max-h-80 overflow-y-auto">
        {query.data !== undefined && runs.length === 0 && <li className="py-4 text-center text-ink-3">No other run is called like that.</li>}
        {runs.map((run) => (
          <li key={run.run_id}>
            <button
              type="button"
              onClick={() => {
                onAdd(run.run_id);
                onClose();
              }}
              className="flex h-9 w-full items-center gap-2 rounded-md px-2 text-left hover:bg-hover"
            >
              <StatusIcon state={run.state} label={lookOf(run.state).word} />
              <span className="min-w-0 flex-1 truncate">{run.display_name}</span>
              <span className="shrink-0 text-xs text-ink-3">
                <RelativeTime time={run.created_at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
