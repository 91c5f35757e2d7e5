import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useMemo } from "react";
import { getRun, getVersion } from "@/api/queries";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { CodeEditor } from "@/shared/CodeEditor";
import { EmptyState } from "@/shared/EmptyState";
import { SkeletonLines } from "@/shared/Skeleton";
import { toDocuments } from "@/shared/yaml";

/** The document that the run was made from. */
export function SpecTab({ runId }: { runId: string }) {
  const run = useQuery(getRun(runId));
  const reference = run.data?.pipeline_version_reference;
  const version = useQuery(getVersion(reference?.pipeline_id ?? "", reference?.pipeline_version_id ?? ""));
  const spec = run.data?.pipeline_spec ?? version.data?.pipeline_spec;
  const text = useMemo(() => (spec === undefined ? undefined : toDocuments(spec)), [spec]);
  const error = run.error ?? version.error;
  if (error !== null && spec === undefined) return <ErrorBanner error={error} onRetry={() => void (run.error ? run.refetch() : version.refetch())} className="m-4" />;
  if (run.isPending || (text === undefined && version.isFetching)) return <div className="p-6"><SkeletonLines lines={10} /></div>;
  if (text === undefined) return <EmptyState title="No document">The version that the run was made from is gone.</EmptyState>;
  const save = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
    link.download = "pipeline.yaml";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <div className="flex min-h-0 flex-1 flex-col p-4">
      <div className="mb-2 flex items-center justify-between gap-2">
        <span className="text-xs text-ink-3">{text.split("\n").length.toLocaleString("en-US")} lines</span>
        <Button small icon={<Download size={12} />} onPress={save}>
          Download
        </Button>
      </div>
      <div className="min-h-0 flex-1">
        <CodeEditor label="Pipeline spec" text={text} language="yaml" fill />
      </div>
    </div>
  );
}
