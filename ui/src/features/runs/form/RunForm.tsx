import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Play, Workflow } from "lucide-react";
import { useRef, useState } from "react";
import { createRecurringRun, createRun, renew } from "@/api/actions";
import { checkSpec } from "@/api/check";
import { getVersionGraph } from "@/api/own";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { ReadOnlyNote, useMayEdit } from "@/shared/EditorOnly";
import { Checkbox, Field, TextArea, TextInput } from "@/shared/Field";
import { Keys } from "@/shared/Keys";
import { inlineName } from "@/shared/names";
import { Page } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { toast } from "@/shared/toast";
import { Advanced, Choice, Part } from "./parts";
import { ExperimentChooser, PipelineChooser, VersionChooser } from "./choosers";
import { ParameterFields } from "./ParameterFields";
import { initialTexts, readAll, type Texts } from "./parameters";
import { newestVersion, pluginsOf, runName, type Preset } from "./preset";
import { readTrigger } from "./trigger";
import { TriggerEditor } from "./TriggerEditor";

export function RunForm({ preset }: { preset: Preset }) {
  const navigate = useNavigate();
  const mayEdit = useMayEdit();
  const [form, setForm] = useState(preset);
  const [edits, setEdits] = useState<{ version: string; texts: Texts }>();
  const [isStrict, setStrict] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const problemAt = useRef<HTMLDivElement>(null);
  const set = (change: Partial<Preset>) => setForm((before) => ({ ...before, ...change }));

  const version = useQuery(getVersionGraph(form.pipelineId ?? "", form.versionId ?? ""));
  const inline = useQuery(checkSpec(form.spec));
  const graph = form.spec ? inline : version;
  const parameters = graph.data?.parameters ?? [];
  const versionKey = form.versionId ?? "inline";
  // Typed texts belong to the version they were typed for; another one keeps what it has in common.
  const start = initialTexts(parameters, form.parameters);
  const texts = edits === undefined ? start : edits.version === versionKey ? { ...start, ...edits.texts } : { ...start, ...common(edits.texts, start) };
  const { values, problems } = readAll(parameters, texts);
  const schedule = readTrigger(form.trigger);

  const choosePipeline = async (pipelineId: string, name: string) => {
    const isOwnName = form.name === "" || /\d{4}-\d\d-\d\d \d\d:\d\d$/.test(form.name);
    set({ pipelineId, spec: undefined, versionId: undefined, ...(isOwnName ? { name: runName(name) } : {}) });
    set({ versionId: await newestVersion(pipelineId) });
  };
  const mistakes = [
    form.pipelineId === undefined && form.spec === undefined && "Choose a pipeline.",
    form.name.trim() === "" && "Give the run a name.",
    ...Object.keys(problems).map((name) => `Parameter ${name}: ${problems[name]}`),
    ...(form.isRecurring ? Object.values(schedule.problems) : []),
  ].filter((text) => text !== false);

  const submit = async () => {
    if (!mayEdit) return;
    setStrict(true);
    setError(undefined);
    if (mistakes.length > 0 || graph.isPending) {
      problemAt.current?.scrollIntoView({ block: "center" });
      return;
    }
    setBusy(true);
    const reference = form.pipelineId && { pipeline_id: form.pipelineId, pipeline_version_id: form.isRecurring && form.alwaysLatest ? undefined : form.versionId };
    const request = {
      display_name: form.name.trim(),
      description: form.description || undefined,
      experiment_id: form.experimentId,
      ...(form.spec ? { pipeline_spec: form.spec } : { pipeline_version_reference: reference || undefined }),
      runtime_config: { parameters: values, pipeline_root: form.pipelineRoot || undefined },
      service_account: form.serviceAccount || undefined,
      plugins_input: pluginsOf(form),
    };
    try {
      if (form.isRecurring) {
        const made = await createRecurringRun({
          ...request,
          trigger: schedule.trigger,
          max_concurrency: form.trigger.maxConcurrency,
          no_catchup: !form.trigger.catchup,
          mode: "ENABLE",
        });
        toast(`“${made.display_name}” is scheduled`);
        void renew("recurring-runs");
        await navigate({ to: "/recurringrun/details/$recurringRunId", params: { recurringRunId: made.recurring_run_id }, search: {} });
      } else {
        const made = await createRun(request);
        toast(`Started “${made.display_name}”`);
        void renew("runs", "experiments");
        await navigate({ to: "/runs/details/$runId", params: { runId: made.run_id }, search: {} });
      }
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };

  const title = form.isRecurring ? "New recurring run" : "New run";
  const isReady = form.pipelineId !== undefined || form.spec !== undefined;
  return (
    <Page title={title} heading={preset.source ? `Clone of “${preset.source}”` : title} crumbs={[form.isRecurring ? { label: "Recurring runs", to: "/recurringruns" } : { label: "Runs", to: "/runs" }]}>
      <form
        className="flex min-h-0 flex-1 flex-col"
        onSubmit={(event) => (event.preventDefault(), void submit())}
        onKeyDown={(event) => (event.metaKey || event.ctrlKey) && event.key === "Enter" && void submit()}
      >
        <div className="min-h-0 flex-1 overflow-y-auto" tabIndex={-1}>
          <div className="mx-auto flex w-full max-w-4xl flex-col px-6 py-2">
            <ReadOnlyNote className="mt-3" />
            <Part title="Pipeline" text="What to run.">
              <div className="grid gap-4 sm:grid-cols-2">
                <Field label="Pipeline" isRequired problem={isStrict && !isReady ? "Choose a pipeline." : undefined}>
                  {({ id }) =>
                    form.spec ? (
                      <div className="flex h-8 items-center gap-2">
                        <Workflow size={15} className="text-ink-3" aria-hidden />
                        <span id={id} className="truncate">
                          {inlineName(form.spec) ?? "The cloned run’s own file"}
                        </span>
                        <button type="button" className="link text-xs" onClick={() => set({ spec: undefined })}>
                          Choose another
                        </button>
                      </div>
                    ) : (
                      <PipelineChooser id={id} chosen={form.pipelineId} onChoose={(pipeline) => void choosePipeline(pipeline.pipeline_id, pipeline.display_name)} />
                    )
                  }
                </Field>
                {!form.spec && (
                  <Field label="Version">
                    {({ id }) => (
                      <VersionChooser
                        id={id}
                        pipelineId={form.pipelineId}
                        chosen={form.versionId}
                        isDisabled={form.isRecurring && form.alwaysLatest}
                        onChoose={(chosen) => set({ versionId: chosen.pipeline_version_id })}
                      />
                    )}
                  </Field>
                )}
              </div>
              {form.isRecurring && !form.spec && (
                <Checkbox
                  label="Always use the newest version"
                  hint="Each run takes the version that is newest at that time."
                  checked={form.alwaysLatest}
                  onChange={(event) => set({ alwaysLatest: event.target.checked })}
                />
              )}
            </Part>
            <Part title="Details" text="How to find it again.">
              <Field label="Name" isRequired problem={isStrict && form.name.trim() === "" ? "Give the run a name." : undefined}>
                {(ids) => <TextInput {...ids} value={form.name} onChange={(event) => set({ name: event.target.value })} />}
              </Field>
              <Field label="Description">{(ids) => <TextArea {...ids} rows={2} value={form.description} onChange={(event) => set({ description: event.target.value })} />}</Field>
              <Field label="Experiment" hint="Groups runs that belong together.">
                {({ id }) => <ExperimentChooser id={id} chosen={form.experimentId} onChoose={(experiment) => set({ experimentId: experiment.experiment_id })} />}
              </Field>
            </Part>
            <Part title="When" text="Once now, or again and again.">
              <div role="radiogroup" aria-label="When" className="grid gap-2 sm:grid-cols-2">
                <Choice isChosen={!form.isRecurring} onChoose={() => set({ isRecurring: false })} title="Once" text="Starts as soon as you say so." />
                <Choice isChosen={form.isRecurring} onChoose={() => set({ isRecurring: true })} title="Recurring" text="Starts by itself on a schedule." />
              </div>
              {form.isRecurring && <TriggerEditor form={form.trigger} onChange={(trigger) => set({ trigger })} problems={schedule.problems} />}
            </Part>
            <Part title="Parameters" text="What the pipeline is given.">
              {!isReady ? (
                <p className="text-ink-3">Choose a pipeline to see its parameters.</p>
              ) : graph.error ? (
                <ErrorBanner error={graph.error} onRetry={() => void graph.refetch()} />
              ) : graph.isPending ? (
                <SkeletonLines lines={5} />
              ) : (
                <ParameterFields
                  parameters={parameters}
                  texts={texts}
                  isStrict={isStrict}
                  onChange={(name, text) => setEdits({ version: versionKey, texts: { ...texts, [name]: text } })}
                />
              )}
            </Part>
            <Advanced form={form} set={set} placeholder={graph.data?.settings.default_pipeline_root} />
          </div>
        </div>
        <div ref={problemAt} className="flex shrink-0 flex-wrap items-center gap-3 border-t border-line px-6 py-3">
          <div className="min-w-0 flex-1" aria-live="polite">
            {error !== undefined ? (
              <ErrorBanner error={error} />
            ) : (
              isStrict && mistakes.length > 0 && <span className="line-clamp-2 text-failed">{mistakes.length === 1 ? mistakes[0] : `${mistakes[0]} And ${mistakes.length - 1} more.`}</span>
            )}
          </div>
          <Button kind="ghost" onPress={() => window.history.back()}>
            Cancel
          </Button>
          <Button kind="primary" type="submit" isBusy={isBusy} isDisabled={!mayEdit} icon={<Play size={14} />}>
            {form.isRecurring ? "Schedule" : "Start"}
          </Button>
          <span className="max-sm:hidden">
            <Keys keys="mod+enter" />
          </span>
        </div>
      </form>
    </Page>
  );
}

/** What was typed for parameters that another version has too. */
function common(typed: Texts, start: Texts): Texts {
  return Object.fromEntries(Object.entries(typed).filter(([name]) => name in start));
}
