import { Page } from "@/shared/Page";

export default function ExperimentsPage() {
  return (
    <Page title="Experiments">
      <div />
    </Page>
  );
}
