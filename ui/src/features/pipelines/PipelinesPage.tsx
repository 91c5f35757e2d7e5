import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Ellipsis, Play, Trash2, Upload, Workflow } from "lucide-react";
import { getWhoAmI } from "@/api/about";
import { contains } from "@/api/filter";
import { namespace } from "@/api/namespace";
import { listPipelines } from "@/api/queries";
import type { Pipeline } from "@/api/types";
import { Button, IconButton, LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Menu } from "@/shared/Menu";
import { Page } from "@/shared/Page";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { RelativeTime } from "@/shared/Time";
import { EditorOnly, mayShare, useMayEdit } from "@/shared/EditorOnly";
import { Segments } from "@/shared/Segments";
import { useUrlState } from "@/shared/url";
import { NothingFound } from "../runs/RunTable";
import { usePipelineActions, type PipelineActions } from "./actions";
import { VersionList } from "./VersionList";

export default function PipelinesPage() {
  const navigate = useNavigate();
  const [url, patch] = useUrlState();
  const { data: who } = useQuery(getWhoAmI());
  // Where there are namespaces, a pipeline is in one, or shared by all.
  const own = namespace();
  const isShared = own !== undefined && url["view"] === "shared";
  const mayEdit = useMayEdit() && (!isShared || mayShare(who));
  const actions = usePipelineActions();
  const state = useTableState({ name: "pipelines" });
  const query = useQuery(listPipelines({ ...state.args, namespace: isShared ? "" : own, predicates: [state.filter !== "" && contains("display_name", state.filter)] }));
  const columns = columnsFor(actions);
  return (
    <Page
      title="Pipelines"
      actions={
        <EditorOnly>
          <LinkButton kind="primary" to="/pipeline_versions/new" search={isShared && mayShare(who) ? { view: "shared" } : {}} icon={<Upload size={15} />}>
            Upload
          </LinkButton>
        </EditorOnly>
      }
    >
      {own !== undefined && (
        <div className="flex items-center gap-3 px-4 pt-3">
          <Segments
            label="Which pipelines"
            options={[
              { id: "private", label: "Private" },
              { id: "shared", label: "Shared" },
            ]}
            chosen={isShared ? "shared" : "private"}
            onChoose={(view) => patch({ view: view === "shared" ? view : undefined, page: undefined, token: undefined, selected: undefined })}
          />
          <p className="text-xs text-ink-3">{isShared ? "Everybody with a role here may see and run them." : `Only who has a role in ${own} may see and run them.`}</p>
        </div>
      )}
      <TableToolbar state={state} columns={columns} placeholder="Filter pipelines by name" />
      <DataTable
        label="Pipelines"
        columns={columns}
        query={query}
        rowKey={(pipeline) => pipeline.pipeline_id}
        rowName={(pipeline) => pipeline.display_name}
        state={state}
        onOpen={(pipeline) => void navigate({ to: "/pipelines/details/$pipelineId", params: { pipelineId: pipeline.pipeline_id }, search: {} })}
        expand={(pipeline) => <VersionList pipelineId={pipeline.pipeline_id} />}
        bulk={mayEdit && ((pipelines, clear) => (
          <Button small kind="ghost-danger" icon={<Trash2 size={14} />} onPress={() => actions.remove(pipelines, clear)}>
            Delete
          </Button>
        ))}
        empty={state.filter !== "" ? <NothingFound onClear={() => state.setFilter("")} /> : <NoPipelines />}
      />
      {actions.dialogs}
    </Page>
  );
}

function columnsFor(actions: PipelineActions): Column<Pipeline>[] {
  return [
    {
      id: "name",
      header: "Name",
      sortKey: "display_name",
      isFixed: true,
      cell: (pipeline) => (
        <Link
          to="/pipelines/details/$pipelineId"
          params={{ pipelineId: pipeline.pipeline_id }}
          search={{}}
          title={pipeline.name}
          className="block truncate font-medium hover:underline"
        >
          {pipeline.display_name}
        </Link>
      ),
    },
    { id: "description", header: "Description", isWideOnly: true, width: "30%", className: "text-ink-2", cell: (pipeline) => <span className="block truncate">{pipeline.description}</span> },
    {
      id: "tags",
      header: "Tags",
      isWideOnly: true,
      width: "160px",
      cell: (pipeline) => <Tags tags={pipeline.tags} />,
    },
    { id: "created", header: "Uploaded", sortKey: "created_at", width: "120px", isTabletUp: true, className: "text-ink-2", cell: (pipeline) => <RelativeTime time={pipeline.created_at} /> },
    {
      id: "run",
      header: "",
      isFixed: true,
      width: "96px",
      align: "end",
      cell: (pipeline) => (
        <span className="inline-flex items-center gap-1">
          <EditorOnly>
            <Link
              to="/runs/new"
              search={{ pipelineId: pipeline.pipeline_id }}
              aria-label={`Run ${pipeline.display_name}`}
              title="New run"
              className="inline-flex size-6 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
            >
              <Play size={14} />
            </Link>
          </EditorOnly>
          <Menu
            label={`Actions on ${pipeline.display_name}`}
            trigger={<IconButton small label={`Actions on ${pipeline.display_name}`} icon={<Ellipsis size={16} />} />}
            entries={actions.menu(pipeline)}
          />
        </span>
      ),
    },
  ];
}

export function Tags({ tags }: { tags: Record<string, string> | undefined }) {
  const entries = Object.entries(tags ?? {});
  if (entries.length === 0) return null;
  return (
    <span className="flex flex-wrap gap-1">
      {entries.map(([key, value]) => (
        <span key={key} className="max-w-full truncate rounded-sm bg-neutral-soft px-1.5 text-2xs text-ink-2">
          {value === "" ? key : `${key}: ${value}`}
        </span>
      ))}
    </span>
  );
}

function NoPipelines() {
  return (
    <EmptyState
      icon={<Workflow size={20} />}
      title="No pipelines yet"
      action={
        <EditorOnly>
          <LinkButton kind="primary" to="/pipeline_versions/new" icon={<Upload size={15} />}>
            Upload a pipeline
          </LinkButton>
        </EditorOnly>
      }
    >
      Compile one with <code className="font-mono text-xs">kfp dsl compile --py pipeline.py --output pipeline.yaml</code> and upload the file. Pipelines of kfp 1.8 work too.
    </EmptyState>
  );
}
