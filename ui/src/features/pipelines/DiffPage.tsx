import { Page } from "@/shared/Page";

export default function DiffPage() {
  return (
    <Page title="Compare versions">
      <div />
    </Page>
  );
}
