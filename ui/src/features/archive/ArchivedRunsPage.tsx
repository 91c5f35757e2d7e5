import { Page } from "@/shared/Page";

export default function ArchivedRunsPage() {
  return (
    <Page title="Archive">
      <div />
    </Page>
  );
}
