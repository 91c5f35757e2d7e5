import { Page } from "@/shared/Page";

export default function ArtifactPage() {
  return (
    <Page title="Artifact">
      <div />
    </Page>
  );
}
