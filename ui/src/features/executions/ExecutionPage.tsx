import { Page } from "@/shared/Page";

export default function ExecutionPage() {
  return (
    <Page title="Execution">
      <div />
    </Page>
  );
}
