import { Archive } from "lucide-react";
import { EmptyState } from "@/shared/EmptyState";
import { RunTable } from "../runs/RunTable";
import { ArchivePage } from "./ArchivePage";

export default function ArchivedRunsPage() {
  return (
    <ArchivePage>
      <RunTable
        name="archived-runs"
        isArchived
        empty={
          <EmptyState icon={<Archive size={20} />} title="No archived runs">
            Archive a run to take it out of the lists and keep everything it recorded. It can be restored from here.
          </EmptyState>
        }
      />
    </ArchivePage>
  );
}
