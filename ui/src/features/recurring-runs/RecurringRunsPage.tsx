import { Plus } from "lucide-react";
import { LinkButton } from "@/shared/Button";
import { Page } from "@/shared/Page";
import { EditorOnly } from "@/shared/EditorOnly";
import { RecurringRunTable } from "./RecurringRunTable";

export default function RecurringRunsPage() {
  const create = (
    <EditorOnly>
      <LinkButton kind="primary" to="/runs/new" search={{ recurring: "1" }} icon={<Plus size={15} />}>
        New recurring run
      </LinkButton>
    </EditorOnly>
  );
  return (
    <Page title="Recurring runs" actions={create}>
      <RecurringRunTable />
    </Page>
  );
}
