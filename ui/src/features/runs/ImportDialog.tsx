import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { importRun, renew } from "@/api/actions";
import { messageOf } from "@/api/client";
import { Banner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { Dialog } from "@/shared/Dialog";
import { DropFile } from "@/shared/DropFile";
import { Checkbox, Field } from "@/shared/Field";
import { toast } from "@/shared/toast";
import { ExperimentChooser } from "./form/choosers";

/** Takes in a run that was exported as a file, here or elsewhere. */
export default function ImportDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [file, setFile] = useState<File>();
  const [experimentId, setExperimentId] = useState<string>();
  const [isArchived, setArchived] = useState(false);
  const send = useMutation({
    mutationFn: (chosen: File) => importRun(chosen, { experiment_id: experimentId, archived: isArchived || undefined }),
    onSuccess: (run) => {
      void renew("runs", "experiments");
      toast(`Imported “${run.display_name}”`);
      onClose();
      void navigate({ to: "/runs/details/$runId", params: { runId: run.run_id }, search: {} });
    },
  });
  const footer = (
    <>
      <Button onPress={onClose} isDisabled={send.isPending}>
        Cancel
      </Button>
      <Button kind="primary" isBusy={send.isPending} isDisabled={file === undefined} onPress={() => file && send.mutate(file)}>
        Import
      </Button>
    </>
  );
  return (
    <Dialog title="Import a run" isOpen onClose={onClose} footer={footer} width={520}>
      <div className="space-y-4 pb-1">
        <DropFile
          file={file}
          ask="Drop an exported run here, or choose its file"
          hint="A zip archive, as “Export as a file” of a run writes it"
          kinds=".zip"
          isBroken={send.error !== null}
          onChoose={(chosen) => (setFile(chosen), send.reset())}
        />
        <Field label="Experiment" hint="Empty: one of the same name as where it comes from.">
          {({ id }) => <ExperimentChooser id={id} placeholder="As it was" chosen={experimentId} onChoose={(experiment) => setExperimentId(experiment.experiment_id)} />}
        </Field>
        <Checkbox label="Put it into the archive" checked={isArchived} onChange={(event) => setArchived(event.target.checked)} />
        {send.error !== null && <Banner kind="error" title={messageOf(send.error)} />}
      </div>
    </Dialog>
  );
}
