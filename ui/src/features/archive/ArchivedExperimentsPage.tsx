import { Page } from "@/shared/Page";

export default function ArchivedExperimentsPage() {
  return (
    <Page title="Archive">
      <div />
    </Page>
  );
}
