import { useMutation, useQuery } from "@tanstack/react-query";
import { ChartLine } from "lucide-react";
import { useState } from "react";
import { startVisualization } from "@/api/own";
import { getRun } from "@/api/queries";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { CodeEditor } from "@/shared/CodeEditor";
import { ReadOnlyNote, useMayEdit } from "@/shared/EditorOnly";
import { EmptyState } from "@/shared/EmptyState";
import { Field, NativeSelect, TextInput } from "@/shared/Field";
import { Page } from "@/shared/Page";
import { useUrlState } from "@/shared/url";
import { Drawn } from "./Drawn";
import { asked, KINDS, kindOf, written, type Kind } from "./kinds";

/** The visualization creator: what is to be drawn of which data; below it the page that its run has left. */
export default function VisualizePage() {
  const [url, patch] = useUrlState();
  const mayEdit = useMayEdit();
  const kind = kindOf(url["type"]);
  const source = url["source"] ?? "";
  const run = url["run"];
  // Until somebody writes, the form has what the run that is shown was given: a link brings it along.
  const shown = useQuery(getRun(run ?? ""));
  const before = written(shown.data?.runtime_config?.parameters?.["arguments"]);
  const [ownText, setText] = useState<string>();
  const [ownCode, setCode] = useState<string>();
  const [text, code] = [ownText ?? before.text, ownCode ?? before.code];
  const draft = asked({ kind, source, text, code });
  const start = useMutation({
    mutationFn: startVisualization,
    onSuccess: (made) => patch({ run: made.run_id }),
  });
  const generate = () => {
    if (draft.asked !== undefined && mayEdit) start.mutate(draft.asked);
  };
  return (
    <Page title="Visualize" crumbs={[{ label: "Artifacts", to: "/artifacts" }]}>
      <div className="flex min-h-0 flex-1 flex-col gap-6 overflow-y-auto p-6 max-md:p-4">
        <form className="flex w-full max-w-4xl flex-col gap-4" onSubmit={(event) => (event.preventDefault(), generate())}>
          <ReadOnlyNote />
          <div className="grid gap-4 md:grid-cols-[200px_minmax(0,1fr)]">
            <Field label="Type" hint="What is drawn">
              {(ids) => (
                <NativeSelect {...ids} value={kind} onChange={(event) => patch({ type: event.target.value })}>
                  {(Object.keys(KINDS) as Kind[]).map((one) => (
                    <option key={one} value={one}>
                      {KINDS[one].label}
                    </option>
                  ))}
                </NativeSelect>
              )}
            </Field>
            <Field label="Source" hint={KINDS[kind].about} isRequired={kind !== "CUSTOM"}>
              {(ids) => <TextInput {...ids} value={source} placeholder="/path, volume://claim/path, or a path with *" onChange={(event) => patch({ source: event.target.value })} className="font-mono text-xs" />}
            </Field>
          </div>
          {kind === "CUSTOM" && (
            <section aria-label="Code" className="flex flex-col gap-1">
              <h2 className="text-sm font-medium">
                Code <span className="text-failed" title="required">*</span>
              </h2>
              <CodeEditor label="Python code" text={code} language="text" onChange={setCode} />
            </section>
          )}
          <section aria-label="Arguments" className="flex flex-col gap-1">
            <h2 className="text-sm font-medium">Arguments</h2>
            <p className="text-xs text-pretty text-ink-3">{KINDS[kind].takes}</p>
            <CodeEditor label="Arguments as JSON" text={text} language="json" onChange={setText} isInvalid={draft.argumentsProblem !== undefined} />
            {draft.argumentsProblem !== undefined && (
              <p role="alert" className="text-xs text-failed">
                {draft.argumentsProblem}
              </p>
            )}
          </section>
          {start.error !== null && <ErrorBanner error={start.error} />}
          <div>
            <Button kind="primary" type="submit" icon={<ChartLine size={14} />} isBusy={start.isPending} isDisabled={!mayEdit || draft.asked === undefined}>
              Generate
            </Button>
          </div>
        </form>
        {run === undefined ? (
          <EmptyState icon={<ChartLine size={20} />} title="Nothing is drawn yet">
            It is drawn by a run of one task, in the experiment “Visualizations”.
          </EmptyState>
        ) : (
          <Drawn key={run} runId={run} />
        )}
      </div>
    </Page>
  );
}
