import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Ellipsis, Play, Plus } from "lucide-react";
import { getExperiment, listRecurringRuns } from "@/api/queries";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { IconButton, LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Menu } from "@/shared/Menu";
import { Page } from "@/shared/Page";
import { Tabs } from "@/shared/Tabs";
import { EditorOnly } from "@/shared/EditorOnly";
import { RecurringRunTable } from "../recurring-runs/RecurringRunTable";
import { RunTable } from "../runs/RunTable";
import { useExperimentActions } from "./actions";

export default function ExperimentPage() {
  const { experimentId = "" } = useParams({ strict: false });
  const navigate = useNavigate();
  const actions = useExperimentActions();
  const { data, error, refetch } = useQuery(getExperiment(experimentId));
  const recurring = useQuery(listRecurringRuns({ experimentId, pageSize: 1 }));
  const newRun = (
    <EditorOnly>
      <LinkButton kind="primary" to="/runs/new" search={{ experimentId }} icon={<Plus size={15} />}>
        New run
      </LinkButton>
    </EditorOnly>
  );
  return (
    <Page
      title={data?.display_name ?? "Experiment"}
      crumbs={[{ label: "Experiments", to: "/experiments" }]}
      actions={
        <>
          {data && (
            <Menu
              label="More"
              trigger={<IconButton label="More" icon={<Ellipsis size={16} />} />}
              entries={actions.menu(data).map((entry) =>
                entry?.id === "delete" ? { ...entry, onAction: () => actions.remove([data], () => void navigate({ to: "/experiments", search: {} })) } : entry,
              )}
            />
          )}
          {newRun}
        </>
      }
    >
      {error ? (
        <ErrorBanner error={error} onRetry={() => void refetch()} className="m-4" />
      ) : (
        <>
          {data?.storage_state === "ARCHIVED" && <Banner kind="info" title="This experiment is archived." className="mx-4 mt-3" />}
          {data?.description && <p className="max-w-3xl shrink-0 px-5 pt-3 text-pretty text-ink-2">{data.description}</p>}
          <Tabs
            label="In the experiment"
            className="px-4"
            panelClassName="flex min-h-0 flex-1 flex-col"
            tabs={[
              {
                id: "runs",
                label: "Runs",
                content: (
                  <RunTable
                    name="experiment-runs"
                    experimentId={experimentId}
                    empty={
                      <EmptyState icon={<Play size={20} />} title="No runs in this experiment" action={newRun}>
                        Start one here, or give the experiment’s name to the kfp client.
                      </EmptyState>
                    }
                  />
                ),
              },
              { id: "recurring", label: "Recurring runs", count: recurring.data?.total || undefined, content: <RecurringRunTable experimentId={experimentId} /> },
              {
                id: "archived",
                label: "Archived",
                content: <RunTable name="experiment-archive" isArchived experimentId={experimentId} empty={<EmptyState title="Nothing archived">Archived runs of the experiment appear here.</EmptyState>} />,
              },
            ]}
          />
        </>
      )}
      {actions.dialogs}
    </Page>
  );
}
