import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { ArrowLeftRight } from "lucide-react";
import { getPipeline, getVersion } from "@/api/queries";
import { ErrorBanner } from "@/shared/Banner";
import { IconButton } from "@/shared/Button";
import { CodeDiff } from "@/shared/CodeEditor";
import { Page } from "@/shared/Page";
import { Skeleton } from "@/shared/Skeleton";
import { useUrlState } from "@/shared/url";
import { toDocuments } from "@/shared/yaml";
import { VersionChooser } from "../runs/form/choosers";

/** Two versions of a pipeline side by side. */
export default function DiffPage() {
  const { pipelineId = "" } = useParams({ strict: false });
  const [url, patch] = useUrlState();
  const { before = "", after = "" } = url;
  const pipeline = useQuery(getPipeline(pipelineId));
  const left = useQuery(getVersion(pipelineId, before));
  const right = useQuery(getVersion(pipelineId, after));
  const error = left.error ?? right.error;
  const texts = [left.data, right.data].map((version) => version && toDocuments(version.pipeline_spec ?? {}));
  const name = pipeline.data?.display_name ?? "Pipeline";
  return (
    <Page
      title={`Compare versions of ${name}`}
      heading="Compare versions"
      crumbs={[
        { label: "Pipelines", to: "/pipelines" },
        { label: name, to: "/pipelines/details/$pipelineId", params: { pipelineId } },
      ]}
    >
      <div className="grid shrink-0 grid-cols-[1fr_auto_1fr] items-center gap-3 border-b border-line px-4 py-2">
        <VersionChooser pipelineId={pipelineId} chosen={before || undefined} onChoose={(version) => patch({ before: version.pipeline_version_id })} />
        <IconButton label="Swap" icon={<ArrowLeftRight size={15} />} onPress={() => patch({ before: after, after: before })} />
        <VersionChooser pipelineId={pipelineId} chosen={after || undefined} onChoose={(version) => patch({ after: version.pipeline_version_id })} />
      </div>
      {error ? (
        <ErrorBanner error={error} className="m-4" />
      ) : !before || !after ? (
        <p className="p-6 text-ink-3">Choose two versions.</p>
      ) : texts[0] === undefined || texts[1] === undefined ? (
        <Skeleton className="m-4 h-80" />
      ) : texts[0] === texts[1] ? (
        <p className="p-6 text-ink-3">The two versions are the same.</p>
      ) : (
        <CodeDiff label="Spec" language="yaml" before={texts[0]} after={texts[1]} />
      )}
    </Page>
  );
}
