import { Compass } from "lucide-react";
import { LinkButton } from "@/shared/Button";
import { EmptyState } from "@/shared/EmptyState";
import { Page } from "@/shared/Page";

export function NotFound() {
  return (
    <Page title="Not found">
      <EmptyState icon={<Compass size={20} />} title="There is no such page" action={<LinkButton to="/runs">Go to the runs</LinkButton>}>
        The address may be mistyped, or from another version.
      </EmptyState>
    </Page>
  );
}
