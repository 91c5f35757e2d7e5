import { Page } from "@/shared/Page";

export default function ComparePage() {
  return (
    <Page title="Compare">
      <div />
    </Page>
  );
}
