import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { messageOf, post } from "@/api/client";
import { own } from "@/api/own";
import type { GraphView, ParameterView } from "@/api/own-types";
import type { Json, Parameters, Run } from "@/api/types";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { Dialog } from "@/shared/Dialog";
import { Field, TextArea, TextInput } from "@/shared/Field";
import { toast } from "@/shared/toast";
import { parameterText, parseParameter } from "./parameters";

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
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(declared.map((parameter) => [parameter.name, parameterText(parameter, given[parameter.name] ?? parameter.default)])),
  );
  const [problems, setProblems] = useState<Record<string, string>>({});
  const start = useMutation({
    // With other parameters it is another run, which finds out by itself what runs anew.
    mutationFn: (parameters: Parameters) =>
      post<Run>(`${own}/runs/${encodeURIComponent(runId)}/retry`, Object.keys(parameters).length > 0 ? { parameters } : { tasks }),
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
    const changed: Record<string, Json> = {};
    const wrong: Record<string, string> = {};
    for (const parameter of declared) {
      const text = texts[parameter.name] ?? "";
      if (text === parameterText(parameter, given[parameter.name] ?? parameter.default)) continue;
      const parsed = parseParameter(parameter, text);
      if ("problem" in parsed) wrong[parameter.name] = parsed.problem;
      else changed[parameter.name] = parsed.value;
    }
    setProblems(wrong);
    if (Object.keys(wrong).length === 0) start.mutate(changed);
  };
  const footer = (
    <>
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
      <div className="space-y-4">
        <p className="text-pretty text-ink-2">
          {tasks.length === 0 ? "What failed runs again" : "The task and what depends on it run again"}, in this run. With changed parameters a new
          run starts instead, which keeps the results that they do not touch.
        </p>
        {start.error !== null && <Banner kind="error" title={messageOf(start.error)} />}
        {declared.length === 0 && <p className="text-ink-3">The pipeline has no parameters to change.</p>}
        {declared.map((parameter) => (
          <ParameterField
            key={parameter.name}
            parameter={parameter}
            text={texts[parameter.name] ?? ""}
            problem={problems[parameter.name] && `Give ${problems[parameter.name]}.`}
            onChange={(text) => {
              setTexts({ ...texts, [parameter.name]: text });
              setProblems({ ...problems, [parameter.name]: "" });
            }}
          />
        ))}
      </div>
    </Dialog>
  );
}

function lastName(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

interface ParameterFieldProps {
  parameter: ParameterView;
  text: string;
  problem: string | undefined;
  onChange: (text: string) => void;
}

function ParameterField({ parameter, text, problem, onChange }: ParameterFieldProps) {
  const isLong = parameter.type === "LIST" || parameter.type === "STRUCT" || text.includes("\n");
  return (
    <Field label={parameter.name} hint={parameter.description} problem={problem} aside={<span className="text-2xs text-ink-3">{parameter.type.toLowerCase().replace("number_", "")}</span>}>
      {(ids) =>
        isLong ? (
          <TextArea {...ids} rows={4} value={text} onChange={(event) => onChange(event.target.value)} className="font-mono text-xs" />
        ) : (
          <TextInput {...ids} value={text} onChange={(event) => onChange(event.target.value)} />
        )
      }
    </Field>
  );
}
