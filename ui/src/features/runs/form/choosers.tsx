import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { createExperiment, renew } from "@/api/actions";
import { messageOf } from "@/api/client";
import { contains, differs } from "@/api/filter";
import { namespace } from "@/api/namespace";
import { getExperiment, getPipeline, getVersion, listExperiments, listUsablePipelines, listVersions } from "@/api/queries";
import type { Experiment, Pipeline, PipelineVersion } from "@/api/types";
import { Button } from "@/shared/Button";
import { Picker } from "@/shared/Picker";
import { parseTime, relativeText } from "@/shared/time";
import { toast } from "@/shared/toast";

const ago = (time: string) => relativeText(parseTime(time) ?? 0, Date.now());
const named = (text: string) => text !== "" && contains("display_name", text);

interface ChooserProps<T> {
  chosen: string | undefined;
  onChoose: (item: T) => void;
  id?: string;
  isInvalid?: boolean;
}

export function PipelineChooser({ chosen, onChoose, id, isInvalid }: ChooserProps<Pipeline>) {
  const { data } = useQuery(getPipeline(chosen ?? ""));
  return (
    <Picker<Pipeline>
      id={id}
      isInvalid={isInvalid}
      label="Pipeline"
      placeholder="Choose a pipeline"
      value={chosen ? (data?.display_name ?? "…") : undefined}
      chosen={chosen}
      load={(text) => listUsablePipelines({ pageSize: 30, sortBy: "created_at desc", predicates: [named(text)] })}
      itemKey={(pipeline) => pipeline.pipeline_id}
      itemName={(pipeline) => pipeline.display_name}
      itemAside={(pipeline) => (namespace() !== undefined && !pipeline.namespace ? "shared" : ago(pipeline.created_at))}
      onChoose={onChoose}
      footer={() => (
        <Link to="/pipeline_versions/new" search={{}} className="flex h-8 items-center gap-2 rounded-md px-2 text-ink-2 hover:bg-hover">
          <Plus size={14} /> Upload another
        </Link>
      )}
    />
  );
}

export function VersionChooser({ pipelineId, chosen, onChoose, id, isDisabled }: ChooserProps<PipelineVersion> & { pipelineId: string | undefined; isDisabled?: boolean }) {
  const { data } = useQuery(getVersion(pipelineId ?? "", chosen ?? ""));
  return (
    <Picker<PipelineVersion>
      id={id}
      isDisabled={isDisabled || !pipelineId}
      label="Version"
      placeholder={pipelineId ? "Choose a version" : "Choose a pipeline first"}
      value={isDisabled ? "Always the newest" : chosen ? (data?.display_name ?? "…") : undefined}
      chosen={chosen}
      load={(text) => listVersions(pipelineId ?? "", { pageSize: 30, sortBy: "created_at desc", predicates: [named(text)] })}
      itemKey={(version) => version.pipeline_version_id}
      itemName={(version) => version.display_name}
      itemAside={(version) => ago(version.created_at)}
      onChoose={onChoose}
    />
  );
}

export function ExperimentChooser({ chosen, onChoose, id, placeholder = "Default" }: ChooserProps<Experiment> & { placeholder?: string }) {
  const { data } = useQuery(getExperiment(chosen ?? ""));
  const [isBusy, setBusy] = useState(false);
  const make = async (name: string, close: () => void) => {
    setBusy(true);
    try {
      onChoose(await createExperiment({ display_name: name }));
      void renew("experiments");
      close();
    } catch (error) {
      toast(messageOf(error), { kind: "error" });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Picker<Experiment>
      id={id}
      label="Experiment"
      placeholder={placeholder}
      value={chosen ? (data?.display_name ?? "…") : undefined}
      chosen={chosen}
      load={(text) => listExperiments({ pageSize: 30, sortBy: "last_run_created_at desc", predicates: [named(text), differs("storage_state", "ARCHIVED")] })}
      itemKey={(experiment) => experiment.experiment_id}
      itemName={(experiment) => experiment.display_name}
      onChoose={onChoose}
      footer={(close, text) => (
        <Button small kind="ghost" icon={<Plus size={14} />} isBusy={isBusy} isDisabled={text.trim() === ""} onPress={() => void make(text.trim(), close)}>
          {text.trim() === "" ? "Type a name to create an experiment" : `Create “${text.trim()}”`}
        </Button>
      )}
    />
  );
}
