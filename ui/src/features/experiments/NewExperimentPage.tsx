import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { createExperiment, renew } from "@/api/actions";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { ReadOnlyNote, useMayEdit } from "@/shared/EditorOnly";
import { Field, TextArea, TextInput } from "@/shared/Field";
import { Page } from "@/shared/Page";
import { toast } from "@/shared/toast";

const LONGEST_NAME = 128;

export default function NewExperimentPage() {
  const navigate = useNavigate();
  const mayEdit = useMayEdit();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const problem = name.length > LONGEST_NAME ? `At most ${LONGEST_NAME} characters.` : undefined;
  const submit = async () => {
    if (!mayEdit || name.trim() === "" || problem) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await createExperiment({ display_name: name.trim(), description: description || undefined });
      void renew("experiments");
      toast(`Created “${made.display_name}”`);
      await navigate({ to: "/experiments/details/$experimentId", params: { experimentId: made.experiment_id }, search: {} });
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Page title="New experiment" crumbs={[{ label: "Experiments", to: "/experiments" }]}>
      <form className="mx-auto flex w-full max-w-xl flex-col gap-5 p-6" onSubmit={(event) => (event.preventDefault(), void submit())}>
        <ReadOnlyNote />
        <Field label="Name" isRequired problem={problem}>
          {(ids) => <TextInput {...ids} autoFocus value={name} onChange={(event) => setName(event.target.value)} />}
        </Field>
        <Field label="Description" hint="What you want to find out.">
          {(ids) => <TextArea {...ids} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        {error !== undefined && <ErrorBanner error={error} />}
        <div className="flex justify-end gap-2">
          <Button kind="ghost" onPress={() => window.history.back()}>
            Cancel
          </Button>
          <Button kind="primary" type="submit" isBusy={isBusy} isDisabled={!mayEdit || name.trim() === "" || problem !== undefined}>
            Create
          </Button>
        </div>
      </form>
    </Page>
  );
}
