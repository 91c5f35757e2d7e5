import { FileInput, Play, Plus, Upload } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Button, LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { EditorOnly } from "@/shared/EditorOnly";
import { RunTable } from "./RunTable";

const ImportDialog = lazy(() => import("./ImportDialog"));

export default function RunsPage() {
  const [isImporting, setImporting] = useState(false);
  return (
    <Page
      title="Runs"
      actions={
        <EditorOnly>
          <Button icon={<FileInput size={15} />} onPress={() => setImporting(true)}>
            Import
          </Button>
          <LinkButton kind="primary" to="/runs/new" icon={<Plus size={15} />}>
            New run
          </LinkButton>
        </EditorOnly>
      }
    >
      <RunTable name="runs" empty={<NoRuns />} />
      {isImporting && (
        <Suspense>
          <ImportDialog onClose={() => setImporting(false)} />
        </Suspense>
      )}
    </Page>
  );
}

export function NoRuns() {
  return (
    <EmptyState
      icon={<Play size={20} />}
      title="No runs yet"
      action={
        <EditorOnly>
          <LinkButton kind="primary" to="/pipeline_versions/new" icon={<Upload size={15} />}>
            Upload a pipeline
          </LinkButton>
          <LinkButton to="/runs/new">New run</LinkButton>
        </EditorOnly>
      }
    >
      A run executes a pipeline. Upload the YAML that <code className="font-mono text-xs">kfp compile</code> wrote, or call{" "}
      <code className="font-mono text-xs">create_run_from_pipeline_func</code> with this address as the host.
    </EmptyState>
  );
}
