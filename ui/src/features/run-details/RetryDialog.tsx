import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { messageOf, post } from "@/api/client";
import { own } from "@/api/own";
import type { GraphView } from "@/api/own-types";
import type { Parameters, Run } from "@/api/types";
import { ParameterFields } from "@/features/runs/form/ParameterFields";
import { changes, initialTexts } from "@/features/runs/form/parameters";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { Dialog } from "@/shared/Dialog";
import { toast } from "@/shared/toast";

export interface RetryDialogProps {
  runId: string;
  /** The tasks to run again; everything that depends on them runs again too. */
  tasks: string[];
  view: GraphView | undefined;
  given: Parameters;
  onClose: () => void;
  /** The same run goes on. */
  onContinued: () => void;
}

/** Goes on with the run, or makes a new one with other parameters that keeps what is still valid of this one. */
export function RetryDialog({ runId, tasks, view, given, onClose, onContinued }: RetryDialogProps) {
  const navigate = useNavigate();
  const declared = view?.parameters ?? [];
  const [texts, setTexts] = useState(() => initialTexts(declared, given));
  const [isStrict, setStrict] = useState(false);
  const { changed, problems } = changes(declared, given, texts);
  const isNew = Object.keys(changed).length > 0;
  const start = useMutation({
    mutationFn: () => post<Run>(`${own}/runs/${encodeURIComponent(runId)}/retry`, { tasks, parameters: changed }),
    onSuccess: (run) => {
      onClose();
      if (run.run_id === runId) {
        toast("The run goes on");
        onContinued();
        return;
      }
      toast(`Started “${run.display_name}”`);
      void navigate({ to: "/runs/details/$runId", params: { runId: run.run_id }, search: {} });
    },
  });
  const submit = () => {
    setStrict(true);
    if (Object.keys(problems).length === 0) start.mutate();
  };
  const footer = (
    <>
      <span className="flex-1 self-center text-xs text-pretty text-ink-3" aria-live="polite">
        {isNew ? "A new run starts." : "This run goes on."}
      </span>
      <Button onPress={onClose} isDisabled={start.isPending}>
        Cancel
      </Button>
      <Button kind="primary" isBusy={start.isPending} onPress={submit}>
        Start
      </Button>
    </>
  );
  return (
    <Dialog title={tasks.length === 0 ? "Run again with changes" : `Run again from “${lastName(tasks[0])}”`} isOpen onClose={onClose} footer={footer} width={560}>
      <div className="space-y-4 pb-1">
        <p className="text-pretty text-ink-2">
          {tasks.length === 0 ? "What failed runs again" : "The task and what depends on it run again"}, in this run. With changed parameters a new
          run starts instead, which keeps the results that they do not touch.
        </p>
        {start.error !== null && <Banner kind="error" title={messageOf(start.error)} />}
        {declared.length === 0 ? (
          <p className="text-ink-3">The pipeline has no parameters to change.</p>
        ) : (
          <ParameterFields parameters={declared} texts={texts} isStrict={isStrict} onChange={(name, text) => setTexts({ ...texts, [name]: text })} />
        )}
      </div>
    </Dialog>
  );
}

function lastName(key: string | undefined): string {
  return key === undefined ? "" : key.slice(key.lastIndexOf("/") + 1);
}
