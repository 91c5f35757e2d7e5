import { Download } from "lucide-react";
import { useState } from "react";
import { address, messageOf, send } from "@/api/client";
import { own } from "@/api/own";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { Dialog } from "@/shared/Dialog";
import { Checkbox } from "@/shared/Field";

/** Writes a run that is over into one file, which another server takes in. */
export function ExportDialog({ runId, onClose }: { runId: string; onClose: () => void }) {
  const [hasLogs, setLogs] = useState(true);
  const [hasArtifacts, setArtifacts] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const download = async () => {
    const path = `${own}/runs/${encodeURIComponent(runId)}/export`;
    const query = { logs: hasLogs, artifacts: hasArtifacts ? "all" : "none" };
    setBusy(true);
    setProblem(undefined);
    try {
      // Asked first, so that a refusal is a message here and not a page.
      await send("HEAD", path, { query });
      window.location.assign(address(path, query));
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  const footer = (
    <>
      <Button onPress={onClose} isDisabled={isBusy}>
        Cancel
      </Button>
      <Button kind="primary" icon={<Download size={14} />} isBusy={isBusy} onPress={() => void download()}>
        Download
      </Button>
    </>
  );
  return (
    <Dialog title="Export the run" isOpen onClose={onClose} footer={footer}>
      <div className="space-y-3 pb-1">
        <p className="text-pretty text-ink-2">
          One zip archive with the pipeline and everything that was recorded. Any Pipewright server takes it in again: Runs, Import. The values of
          secrets are written over.
        </p>
        <Checkbox label="With logs" hint="And the use of CPUs and memory over time." checked={hasLogs} onChange={(event) => setLogs(event.target.checked)} />
        <Checkbox label="With artifacts" hint="The files that its tasks have made. They may be large." checked={hasArtifacts} onChange={(event) => setArtifacts(event.target.checked)} />
        {problem !== undefined && <Banner kind="error" title={problem} />}
      </div>
    </Dialog>
  );
}
