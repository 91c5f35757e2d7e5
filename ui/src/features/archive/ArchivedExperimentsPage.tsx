import { Archive } from "lucide-react";
import { EmptyState } from "@/shared/EmptyState";
import { ExperimentTable } from "../experiments/ExperimentTable";
import { ArchivePage } from "./ArchivePage";

export default function ArchivedExperimentsPage() {
  return (
    <ArchivePage>
      <ExperimentTable
        isArchived
        empty={
          <EmptyState icon={<Archive size={20} />} title="No archived experiments">
            Archiving an experiment archives its runs and switches its recurring runs off.
          </EmptyState>
        }
      />
    </ArchivePage>
  );
}
