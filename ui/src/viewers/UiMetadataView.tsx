import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactNode } from "react";
import { artifactAddress, getArtifactHead, getContentAt } from "@/api/own";
import { Banner, ErrorBanner } from "@/shared/Banner";
import { CodeBlock } from "@/shared/CodeBlock";
import { SkeletonLines } from "@/shared/Skeleton";
import { ConfusionMatrix } from "./ConfusionMatrix";
import { parseCsv } from "./csv";
import { HtmlFrame } from "./HtmlFrame";
import { MarkdownView } from "./MarkdownView";
import { RocChart } from "./RocChart";
import { TableViewer } from "./TableViewer";
import { TensorboardView } from "./TensorboardView";
import { confusionFromCsv, parseUiMetadata, rocFromCsv, type View } from "./uiMetadata";

/** What a task of the old platform wants shown: the views of its `mlpipeline-ui-metadata`. */
export function UiMetadataView({ artifact, name }: { artifact: string; name: string }) {
  const query = useQuery(getArtifactHead(artifact, undefined, 2_000_000));
  const document = useMemo(() => (query.data === undefined ? undefined : parseUiMetadata(query.data.text)), [query.data]);
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (document === undefined) return <SkeletonLines lines={5} />;
  if (document.problem !== undefined) {
    return (
      <Banner kind="warning" title={`${name} cannot be shown`}>
        {`The document ${document.problem}.`}
      </Banner>
    );
  }
  if (document.views.length === 0) return <p className="text-ink-3">The document lists nothing to show.</p>;
  return (
    <div className="space-y-6">
      {document.views.map((view, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: views have no names
        <section key={index} aria-label={titles[view.type]}>
          <h4 className="mb-2 text-xs font-medium text-ink-2">{titles[view.type]}</h4>
          <One view={view} page={artifactAddress(artifact, "preview", { view: index })} />
        </section>
      ))}
    </div>
  );
}

const titles: Record<View["type"], string> = {
  confusion_matrix: "Confusion matrix",
  roc: "ROC curve",
  table: "Table",
  markdown: "Markdown",
  "web-app": "Page",
  tensorboard: "TensorBoard",
  unknown: "Not shown",
};

function One({ view, page }: { view: View; page: string }): ReactNode {
  if (view.type === "tensorboard") return <TensorboardView logs={view.logs} />;
  if (view.type === "unknown") return <Banner kind="warning" title={`A view of type “${view.name}” ${view.problem}`} />;
  // A page has scripts, which only an answer with a policy of its own may run.
  if (view.type === "web-app") return <HtmlFrame src={page} title="Page made by the task" />;
  if (view.content.kind === "inline") return <Shown view={view} text={view.content.text} />;
  return <FromAddress uri={view.content.uri}>{(text) => <Shown view={view} text={text} />}</FromAddress>;
}

/** What lies outside of the document, where the server reaches it. */
function FromAddress({ uri, children }: { uri: string; children: (text: string) => ReactNode }) {
  const query = useQuery(getContentAt(uri));
  if (query.data !== undefined) return children(query.data);
  if (query.isPending) return <SkeletonLines lines={4} />;
  return (
    <div className="space-y-2">
      <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />
      <CodeBlock text={uri} label="Address" wrap />
    </div>
  );
}

type WithContent = Exclude<Extract<View, { content: unknown }>, { type: "web-app" }>;

function Shown({ view, text }: { view: WithContent; text: string }): ReactNode {
  switch (view.type) {
    case "markdown":
      return <MarkdownView text={text} />;
    case "table":
      return <TableViewer label="Table" columns={view.header.map((name) => ({ name }))} rows={parseCsv(text, 2000)} />;
    case "roc":
      return <RocChart label="ROC curve" curves={[{ id: "roc", name: "ROC", points: rocFromCsv(text, view.columns), style: 0 }]} />;
    case "confusion_matrix": {
      const confusion = confusionFromCsv(text, view.labels, view.columns);
      return confusion === undefined ? <Banner kind="warning" title="The matrix has no rows of target, predicted and count" /> : <ConfusionMatrix confusion={confusion} label="Confusion matrix" />;
    }
  }
}
