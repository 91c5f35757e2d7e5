import { Page } from "@/shared/Page";

export default function PipelinesPage() {
  return (
    <Page title="Pipelines">
      <div />
    </Page>
  );
}
