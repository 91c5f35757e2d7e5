import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { ChartLine, Download } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "@/api/client";
import { artifactAddress, getArtifact } from "@/api/own";
import type { ArtifactView } from "@/api/own-types";
import { plainInput } from "@/graph/model/scene";
import { ErrorBanner } from "@/shared/Banner";
import { LinkButton } from "@/shared/Button";
import { CopyButton } from "@/shared/CodeBlock";
import { EditorOnly } from "@/shared/EditorOnly";
import { EmptyState } from "@/shared/EmptyState";
import { Facts, Page } from "@/shared/Page";
import { SkeletonLines } from "@/shared/Skeleton";
import { Tabs } from "@/shared/Tabs";
import { fullText, parseTime } from "@/shared/time";
import { ArtifactPreview } from "@/viewers/ArtifactPreview";
import { bytesText } from "@/shared/bytes";
import { JsonView } from "@/viewers/JsonView";
import { LineageExplorer } from "./LineageExplorer";

export default function ArtifactPage() {
  const { artifactId = "" } = useParams({ strict: false });
  const query = useQuery(getArtifact(artifactId));
  const artifact = query.data;
  const crumbs = [{ label: "Artifacts", to: "/artifacts" }];
  const title = artifact === undefined ? "Artifact" : plainInput(artifact.name);
  const isMissing = query.error instanceof ApiError && query.error.isMissing;
  return (
    <Page
      title={title}
      crumbs={crumbs}
      heading={
        artifact && (
          <>
            <span className="truncate">{title}</span>
            <span className="rounded-sm bg-neutral-soft px-1.5 py-0.5 text-xs font-normal text-ink-2">{artifact.type.replace(/^system\./, "")}</span>
          </>
        )
      }
      actions={
        artifact !== undefined &&
        artifact.exists !== false && (
          <>
            <EditorOnly>
              <LinkButton to="/visualize" search={{ source: artifact.uri }} icon={<ChartLine size={14} />}>
                Visualize
              </LinkButton>
            </EditorOnly>
            <a href={artifactAddress(artifactId, "content", { download: 1 })} download className="flex h-8 items-center gap-1.5 rounded-md px-3 font-medium ring-1 ring-line-strong ring-inset hover:bg-hover">
              <Download size={14} aria-hidden />
              Download
            </a>
          </>
        )
      }
    >
      {query.isPending && <div className="p-6"><SkeletonLines lines={8} /></div>}
      {query.error && artifact === undefined && (isMissing ? <EmptyState title="There is no such artifact" action={<LinkButton to="/artifacts">All artifacts</LinkButton>} /> : <ErrorBanner error={query.error} onRetry={() => void query.refetch()} className="m-4" />)}
      {artifact !== undefined && (
        <Tabs
          label="About the artifact"
          className="px-4"
          panelClassName="flex min-h-0 flex-1 flex-col overflow-y-auto"
          tabs={[
            { id: "overview", label: "Overview", content: <Overview artifact={artifact} /> },
            { id: "lineage", label: "Lineage", content: <LineageExplorer artifact={artifactId} /> },
          ]}
        />
      )}
    </Page>
  );
}

function Overview({ artifact }: { artifact: ArtifactView }) {
  const at = parseTime(artifact.created_at);
  const metadata = Object.keys(artifact.metadata).length > 0;
  const facts: ([string, ReactNode] | false)[] = [
    ["Name", artifact.name],
    ["Id", <code key="id" className="font-mono text-xs break-all">{artifact.artifact_id}</code>],
    ["Type", artifact.type],
    [
      "Address",
      <span key="uri" className="flex items-center gap-1">
        <code className="min-w-0 font-mono text-xs break-all">{artifact.uri}</code>
        <CopyButton text={artifact.uri} label="Copy the address" />
      </span>,
    ],
    artifact.size !== undefined && ["Size", bytesText(artifact.size)],
    at !== undefined && ["Created", fullText(at)],
    artifact.pipeline_name !== undefined && ["Pipeline", artifact.pipeline_name],
    artifact.run_id !== undefined && artifact.task !== undefined && ["Made by", <TaskLink key="by" run={artifact.run_id} task={artifact.task} />],
  ];
  return (
    <div className="mx-auto w-full max-w-5xl space-y-8 p-6 max-md:p-4">
      <section aria-label="Preview">
        <ArtifactPreview artifact={artifact} />
      </section>
      <section aria-label="Facts">
        <h2 className="mb-3 text-sm">Details</h2>
        <Facts items={facts.filter((fact) => fact !== false)} />
      </section>
      {metadata && (
        <section aria-label="Metadata">
          <h2 className="mb-3 text-sm">Metadata</h2>
          <JsonView value={artifact.metadata} open={1} />
        </section>
      )}
      {artifact.consumers !== undefined && artifact.consumers.length > 0 && (
        <section aria-label="Used by">
          <h2 className="mb-3 text-sm">Used by</h2>
          <ul className="space-y-1">
            {artifact.consumers.map((consumer) => (
              <li key={`${consumer.run_id} ${consumer.task} ${consumer.input}`}>
                <TaskLink run={consumer.run_id} task={consumer.task} /> <span className="text-ink-3">as {plainInput(consumer.input)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function TaskLink({ run, task }: { run: string; task: string }) {
  return (
    <Link to="/runs/details/$runId" params={{ runId: run }} search={{ task } as never} className="link underline">
      {task.replace(/^root\//, "").replaceAll("/", " / ")}
    </Link>
  );
}
