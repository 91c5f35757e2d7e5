import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Boxes, ChartLine } from "lucide-react";
import { listArtifacts } from "@/api/own";
import type { ArtifactView } from "@/api/own-types";
import { plainInput } from "@/graph/model/scene";
import { LinkButton } from "@/shared/Button";
import { EditorOnly } from "@/shared/EditorOnly";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { DataTable, TableToolbar, useTableState, type Column } from "@/shared/table";
import { RelativeTime } from "@/shared/Time";
import { useUrlState } from "@/shared/url";
import { bytesText } from "@/shared/bytes";

const TYPES = ["Artifact", "Dataset", "Model", "Metrics", "ClassificationMetrics", "SlicedClassificationMetrics", "HTML", "Markdown"];

const columns: Column<ArtifactView>[] = [
  {
    id: "name",
    header: "Name",
    sortKey: "name",
    isFixed: true,
    width: "26%",
    cell: (artifact) => (
      <Link to="/artifacts/$artifactId" params={{ artifactId: artifact.artifact_id }} search={{}} className="block truncate font-medium hover:underline">
        {plainInput(artifact.name)}
      </Link>
    ),
  },
  {
    id: "type",
    header: "Type",
    sortKey: "type",
    width: "170px",
    cell: (artifact) => <span className="rounded-sm bg-neutral-soft px-1.5 py-0.5 text-xs text-ink-2">{artifact.type.replace(/^system\./, "")}</span>,
  },
  { id: "pipeline", header: "Pipeline", isWideOnly: true, cell: (artifact) => <span className="block truncate text-ink-2">{artifact.pipeline_name ?? "—"}</span> },
  {
    id: "task",
    header: "Made by",
    cell: (artifact) =>
      artifact.run_id === undefined || artifact.task === undefined ? (
        "—"
      ) : (
        <Link to="/runs/details/$runId" params={{ runId: artifact.run_id }} search={{ task: artifact.task } as never} className="link block truncate">
          {artifact.task.replace(/^root\//, "")}
        </Link>
      ),
  },
  { id: "id", header: "ID", isWideOnly: true, cell: (artifact) => <code className="block truncate font-mono text-xs text-ink-3" title={artifact.artifact_id}>{artifact.artifact_id}</code> },
  { id: "uri", header: "Address", sortKey: "uri", isWideOnly: true, cell: (artifact) => <code className="block truncate font-mono text-xs text-ink-3" title={artifact.uri}>{artifact.uri}</code> },
  { id: "size", header: "Size", width: "90px", align: "end", isWideOnly: true, cell: (artifact) => <span className="tnum text-ink-3">{artifact.size === undefined ? "—" : bytesText(artifact.size)}</span> },
  { id: "created", header: "Created", sortKey: "created_at", width: "130px", cell: (artifact) => <RelativeTime time={artifact.created_at} /> },
];

export default function ArtifactsPage() {
  const navigate = useNavigate();
  const [url, patch] = useUrlState();
  const state = useTableState({ name: "artifacts", hidden: ["id", "uri"] });
  const type = url["type"];
  const filter = { name: state.filter || undefined, type, run_id: url["run"], sort_by: state.args.sortBy };
  const query = useQuery(listArtifacts(filter, state.size, state.args.pageToken));
  const isFiltered = state.filter !== "" || type !== undefined || url["run"] !== undefined;
  return (
    <Page
      title="Artifacts"
      actions={
        <EditorOnly>
          <LinkButton to="/visualize" icon={<ChartLine size={14} />}>
            Visualize
          </LinkButton>
        </EditorOnly>
      }
    >
      <TableToolbar state={state} columns={columns} placeholder="Filter artifacts by name">
        <select
          aria-label="Type of artifact"
          value={type ?? ""}
          onChange={(event) => patch({ type: event.target.value || undefined, page: undefined, token: undefined })}
          className="h-8 rounded-md bg-surface px-2 ring-1 ring-line ring-inset hover:ring-line-strong"
        >
          <option value="">All types</option>
          {TYPES.map((word) => (
            <option key={word} value={`system.${word}`}>
              {word}
            </option>
          ))}
        </select>
      </TableToolbar>
      <DataTable
        label="Artifacts"
        columns={columns}
        query={query}
        rowKey={(artifact) => artifact.artifact_id}
        rowName={(artifact) => artifact.name}
        onOpen={(artifact) => void navigate({ to: "/artifacts/$artifactId", params: { artifactId: artifact.artifact_id }, search: {} })}
        state={state}
        empty={
          <EmptyState icon={<Boxes size={20} />} title={isFiltered ? "No artifact is like that" : "No artifacts yet"}>
            {isFiltered ? "Take a filter away to see more." : "What tasks leave behind (data sets, models, metrics, reports) is listed here."}
          </EmptyState>
        }
      />
    </Page>
  );
}
