import { Plus } from "lucide-react";
import { LinkButton } from "@/shared/Button";
import { Page } from "@/shared/Page";
import { RecurringRunTable } from "./RecurringRunTable";

export default function RecurringRunsPage() {
  const create = (
    <LinkButton kind="primary" to="/runs/new" search={{ recurring: "1" }} icon={<Plus size={15} />}>
      New recurring run
    </LinkButton>
  );
  return (
    <Page title="Recurring runs" actions={create}>
      <RecurringRunTable />
    </Page>
  );
}
