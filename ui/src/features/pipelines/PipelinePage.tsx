import { Page } from "@/shared/Page";

export default function PipelinePage() {
  return (
    <Page title="Pipeline">
      <div />
    </Page>
  );
}
