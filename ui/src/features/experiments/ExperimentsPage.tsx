import { FlaskConical, Plus } from "lucide-react";
import { LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";
import { EditorOnly } from "@/shared/EditorOnly";
import { ExperimentTable } from "./ExperimentTable";

export default function ExperimentsPage() {
  const create = (
    <EditorOnly>
      <LinkButton kind="primary" to="/experiments/new" icon={<Plus size={15} />}>
        New experiment
      </LinkButton>
    </EditorOnly>
  );
  return (
    <Page title="Experiments" actions={create}>
      <ExperimentTable
        empty={
          <EmptyState icon={<FlaskConical size={20} />} title="No experiments" action={create}>
            An experiment groups runs that belong together, so that they can be found and compared.
          </EmptyState>
        }
      />
    </Page>
  );
}
