import { Page } from "@/shared/Page";

export default function ExperimentPage() {
  return (
    <Page title="Experiment">
      <div />
    </Page>
  );
}
