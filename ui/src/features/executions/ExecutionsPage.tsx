import { Page } from "@/shared/Page";

export default function ExecutionsPage() {
  return (
    <Page title="Executions">
      <div />
    </Page>
  );
}
