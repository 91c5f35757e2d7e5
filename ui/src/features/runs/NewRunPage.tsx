import { Page } from "@/shared/Page";

export default function NewRunPage() {
  return (
    <Page title="New run">
      <div />
    </Page>
  );
}
