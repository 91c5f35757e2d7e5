import { Page } from "@/shared/Page";

export default function UploadPage() {
  return (
    <Page title="Upload">
      <div />
    </Page>
  );
}
