import { Page } from "@/shared/Page";

export default function RecurringRunsPage() {
  return (
    <Page title="Recurring runs">
      <div />
    </Page>
  );
}
