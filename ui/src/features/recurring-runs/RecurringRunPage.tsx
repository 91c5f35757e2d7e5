import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { CalendarClock, Copy, Ellipsis, Trash2 } from "lucide-react";
import { getRecurringRun } from "@/api/queries";
import type { RecurringRun } from "@/api/types";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { Button, IconButton } from "@/shared/Button";
import { CodeBlock } from "@/shared/CodeBlock";
import { describeTrigger } from "@/shared/cron/describe";
import { NextFires } from "@/shared/cron/NextFires";
import { EditorOnly } from "@/shared/EditorOnly";
import { EmptyState } from "@/shared/EmptyState";
import { Menu } from "@/shared/Menu";
import { ExperimentName, PipelineName } from "@/shared/names";
import { Facts, Page, Section } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { RelativeTime } from "@/shared/Time";
import { parseTime } from "@/shared/time";
import { Tabs } from "@/shared/Tabs";
import { Id } from "../pipelines/PipelinePage";
import { RunTable } from "../runs/RunTable";
import { isEnabled, useRecurringRunActions } from "./actions";
import { EnabledSwitch } from "./EnabledSwitch";

export default function RecurringRunPage() {
  const { recurringRunId = "" } = useParams({ strict: false });
  const navigate = useNavigate();
  const actions = useRecurringRunActions();
  const { data, error, refetch } = useQuery(getRecurringRun(recurringRunId));
  return (
    <Page
      title={data?.display_name ?? "Recurring run"}
      crumbs={[{ label: "Recurring runs", to: "/recurringruns" }]}
      actions={
        data && (
          <>
            <EnabledSwitch recurring={data} actions={actions} label={isEnabled(data) ? "On" : "Off"} showLabel />
            <EditorOnly>
              <Button icon={<Copy size={14} />} onPress={() => actions.clone(data)}>
                Clone
              </Button>
            </EditorOnly>
            <Menu
              label="More"
              trigger={<IconButton label="More" icon={<Ellipsis size={16} />} />}
              entries={[
                {
                  id: "delete",
                  isChange: true,
                  label: "Delete…",
                  icon: <Trash2 size={14} />,
                  isDangerous: true,
                  onAction: () => actions.remove([data], () => void navigate({ to: "/recurringruns", search: {} })),
                },
              ]}
            />
          </>
        )
      }
    >
      {error ? (
        <ErrorBanner error={error} onRetry={() => void refetch()} className="m-4" />
      ) : (
        <Tabs
          label="Of the recurring run"
          className="px-4"
          panelClassName="flex min-h-0 flex-1 flex-col"
          tabs={[
            { id: "details", label: "Details", content: data ? <Details recurring={data} /> : <div className="p-6"><SkeletonLines lines={8} /></div> },
            {
              id: "runs",
              label: "Runs",
              content: (
                <RunTable
                  name="recurring-run-runs"
                  recurringRunId={recurringRunId}
                  empty={<EmptyState icon={<CalendarClock size={20} />} title="It has not fired yet">Each run that it starts appears here.</EmptyState>}
                />
              ),
            },
          ]}
        />
      )}
      {actions.dialogs}
    </Page>
  );
}

function Details({ recurring }: { recurring: RecurringRun }) {
  const { trigger } = recurring;
  const schedule = trigger?.cron_schedule ?? trigger?.periodic_schedule;
  const parameters = Object.entries(recurring.runtime_config?.parameters ?? {});
  return (
    <div className="grid gap-8 overflow-y-auto p-6 lg:grid-cols-2">
      {recurring.error?.message && <Banner kind="error" title={recurring.error.message} className="lg:col-span-2" />}
      <Section title="Schedule">
        <div className="mb-4 flex items-start gap-3 rounded-lg bg-accent-soft px-3 py-2.5">
          <CalendarClock size={16} className="mt-0.5 shrink-0 text-accent-ink" aria-hidden />
          <div>
            <div className="font-medium">{describeTrigger(trigger)}</div>
            {isEnabled(recurring) && trigger ? <NextFires trigger={trigger} count={5} since={parseTime(recurring.created_at)} /> : <p className="text-ink-2">It is switched off.</p>}
          </div>
        </div>
        <Facts
          items={[
            ...(trigger?.cron_schedule ? ([["Cron", <code key="cron" className="font-mono text-xs">{trigger.cron_schedule.cron}</code>]] as [string, React.ReactNode][]) : []),
            ["From", <RelativeTime key="from" time={schedule?.start_time} empty="at once" />],
            ["Until", <RelativeTime key="until" time={schedule?.end_time} empty="for ever" />],
            ["At the same time", `at most ${recurring.max_concurrency ?? "1"}`],
            ["Missed times", recurring.no_catchup ? "are left out" : "are made up for"],
          ]}
        />
      </Section>
      <Section title="Details">
        <Facts
          items={[
            ["Pipeline", <PipelineName key="pipeline" reference={recurring.pipeline_version_reference} spec={recurring.pipeline_spec} />],
            ["Experiment", <ExperimentName key="experiment" id={recurring.experiment_id} />],
            ["Description", recurring.description || "—"],
            ["Created", <RelativeTime key="created" time={recurring.created_at} />],
            ["Changed", <RelativeTime key="updated" time={recurring.updated_at} />],
            ["Pipeline root", recurring.runtime_config?.pipeline_root || "—"],
            ["Service account", recurring.service_account || "—"],
            ["ID", <Id key="id" text={recurring.recurring_run_id} />],
          ]}
        />
      </Section>
      <Section title="Parameters" className="lg:col-span-2">
        {parameters.length === 0 ? (
          <p className="text-ink-3">The defaults of the pipeline.</p>
        ) : (
          <Facts
            items={parameters.map(([name, value]) => [
              name,
              typeof value === "object" ? <CodeBlock key={name} label={name} text={JSON.stringify(value, null, 2)} /> : <code key={name} className="font-mono text-xs">{String(value)}</code>,
            ])}
          />
        )}
      </Section>
    </div>
  );
}
