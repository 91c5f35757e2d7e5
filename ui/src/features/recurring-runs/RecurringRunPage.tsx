import { Page } from "@/shared/Page";

export default function RecurringRunPage() {
  return (
    <Page title="Recurring run">
      <div />
    </Page>
  );
}
