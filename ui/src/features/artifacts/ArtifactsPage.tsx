import { Page } from "@/shared/Page";

export default function ArtifactsPage() {
  return (
    <Page title="Artifacts">
      <div />
    </Page>
  );
}
