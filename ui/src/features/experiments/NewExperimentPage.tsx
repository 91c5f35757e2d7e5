import { Page } from "@/shared/Page";

export default function NewExperimentPage() {
  return (
    <Page title="New experiment">
      <div />
    </Page>
  );
}
