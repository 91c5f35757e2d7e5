import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams } from "@tanstack/react-router";
import { Ellipsis, Play, Trash2 } from "lucide-react";
import { useState } from "react";
import { getVersionGraph } from "@/api/own";
import { getPipeline, getVersion, listVersions } from "@/api/queries";
import type { Pipeline, PipelineVersion } from "@/api/types";
import { PlanGraph } from "@/graph/PlanGraph";
import { ErrorBanner } from "@/shared/Banner";
import { IconButton, LinkButton } from "@/shared/Button";
import { CodeEditor } from "@/shared/CodeEditor";
import { CopyButton } from "@/shared/CodeBlock";
import { Menu } from "@/shared/Menu";
import { Facts, Page } from "@/shared/Page";
import { Skeleton } from "@/shared/Skeleton";
import { SplitPane } from "@/shared/SplitPane";
import { Tabs } from "@/shared/Tabs";
import { RelativeTime } from "@/shared/Time";
import { toDocuments } from "@/shared/yaml";
import { EditorOnly } from "@/shared/EditorOnly";
import { VersionChooser } from "../runs/form/choosers";
import { usePipelineActions } from "./actions";
import { DefinitionPanel } from "./DefinitionPanel";
import { Tags } from "./PipelinesPage";
import { Statistics } from "./Statistics";
import { VersionList } from "./VersionList";

export default function PipelinePage() {
  const { pipelineId = "", versionId: asked } = useParams({ strict: false });
  const navigate = useNavigate();
  const actions = usePipelineActions();
  const pipeline = useQuery(getPipeline(pipelineId));
  const newest = useQuery({ ...listVersions(pipelineId, { pageSize: 1, sortBy: "created_at desc" }), enabled: asked === undefined });
  const versionId = asked ?? newest.data?.items[0]?.pipeline_version_id ?? "";
  const version = useQuery(getVersion(pipelineId, versionId));
  const name = pipeline.data?.display_name ?? "Pipeline";
  const error = pipeline.error ?? version.error ?? newest.error;
  const open = (chosen: PipelineVersion) =>
    void navigate({ to: "/pipelines/details/$pipelineId/version/$versionId", params: { pipelineId, versionId: chosen.pipeline_version_id }, search: true });
  return (
    <Page
      title={name}
      crumbs={[{ label: "Pipelines", to: "/pipelines" }]}
      heading={
        <>
          <span className="truncate">{name}</span>
          <span className="w-44 text-sm font-normal">
            <VersionChooser pipelineId={pipelineId} chosen={versionId} onChoose={open} />
          </span>
        </>
      }
      actions={
        <>
          {pipeline.data && (
            <Menu
              label="More"
              trigger={<IconButton label="More" icon={<Ellipsis size={16} />} />}
              entries={[
                ...actions.menu(pipeline.data, versionId),
                version.data
                  ? {
                      id: "delete-version",
                      isChange: true,
                      label: "Delete this version…",
                      icon: <Trash2 size={14} />,
                      isDangerous: true,
                      onAction: () => actions.removeVersion(version.data, () => void navigate({ to: "/pipelines/details/$pipelineId", params: { pipelineId }, search: {} })),
                    }
                  : false,
              ]}
            />
          )}
          <EditorOnly>
            <LinkButton kind="primary" to="/runs/new" search={{ pipelineId, pipelineVersionId: versionId }} icon={<Play size={14} />}>
              New run
            </LinkButton>
          </EditorOnly>
        </>
      }
    >
      {error ? (
        <ErrorBanner error={error} className="m-4" onRetry={() => void Promise.all([pipeline.refetch(), version.refetch()])} />
      ) : (
        <Tabs
          label="Views of the pipeline"
          className="px-4"
          panelClassName="flex min-h-0 flex-1 flex-col"
          tabs={[
            { id: "graph", label: "Graph", content: <Graph pipelineId={pipelineId} versionId={versionId} /> },
            { id: "summary", label: "Summary", content: <Summary pipeline={pipeline.data} version={version.data} /> },
            { id: "spec", label: "Spec", content: <Spec version={version.data} /> },
            {
              id: "versions",
              label: "Versions",
              content: (
                <div className="overflow-y-auto p-4">
                  <VersionList pipelineId={pipelineId} current={versionId} />
                </div>
              ),
            },
            { id: "statistics", label: "Statistics", content: <Statistics pipelineId={pipelineId} /> },
          ]}
        />
      )}
      {actions.dialogs}
    </Page>
  );
}

function Graph({ pipelineId, versionId }: { pipelineId: string; versionId: string }) {
  const graph = useQuery(getVersionGraph(pipelineId, versionId));
  const [opened, setOpened] = useState<string>();
  if (graph.error) return <ErrorBanner error={graph.error} className="m-4" onRetry={() => void graph.refetch()} />;
  if (!graph.data) return <Skeleton className="m-4 h-80" />;
  const side = opened === undefined ? undefined : <DefinitionPanel graph={graph.data} node={opened} onClose={() => setOpened(undefined)} />;
  return (
    <SplitPane name="pipeline" initial={420} side={side}>
      <PlanGraph plan={graph.data} selected={opened} onOpen={setOpened} />
    </SplitPane>
  );
}

function Spec({ version }: { version: PipelineVersion | undefined }) {
  if (!version) return <Skeleton className="m-4 h-80" />;
  const text = toDocuments(version.pipeline_spec ?? {});
  return (
    <div className="relative flex min-h-0 flex-1">
      <CodeEditor label="Pipeline spec" language="yaml" text={text} fill />
      <CopyButton text={text} className="absolute top-2 right-4" />
    </div>
  );
}

function Summary({ pipeline, version }: { pipeline: Pipeline | undefined; version: PipelineVersion | undefined }) {
  if (!pipeline || !version) return <Skeleton className="m-4 h-40" />;
  const source = version.code_source_url || version.package_url?.pipeline_url;
  return (
    <div className="overflow-y-auto p-6">
      <Facts
        items={[
          ["Pipeline", pipeline.display_name],
          ["Name", pipeline.name ?? pipeline.display_name],
          ["Description", pipeline.description || "—"],
          ["Pipeline ID", <Id key="id" text={pipeline.pipeline_id} />],
          ["Uploaded", <RelativeTime key="time" time={pipeline.created_at} />],
          ["Tags", Object.keys(pipeline.tags ?? {}).length > 0 ? <Tags key="tags" tags={pipeline.tags} /> : "—"],
          ["Version", version.display_name],
          ["Version description", version.description || "—"],
          ["Version ID", <Id key="version" text={version.pipeline_version_id} />],
          ["Version uploaded", <RelativeTime key="version-time" time={version.created_at} />],
          [
            "Source",
            source && /^https?:/.test(source) ? (
              <a href={source} target="_blank" rel="noreferrer" className="link" key="source">
                {source}
              </a>
            ) : (
              "—"
            ),
          ],
        ]}
      />
    </div>
  );
}

export function Id({ text }: { text: string }) {
  return (
    <span className="inline-flex items-center gap-1">
      <code className="font-mono text-xs">{text}</code>
      <CopyButton text={text} />
    </span>
  );
}
