import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { getWhoAmI } from "@/api/about";
import { renew, uploadFile, uploadUrl } from "@/api/actions";
import { checkFile } from "@/api/check";
import { namespace } from "@/api/namespace";
import type { CheckView } from "@/api/own-types";
import { findByName, getPipeline } from "@/api/queries";
import type { Pipeline } from "@/api/types";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { DropFile } from "@/shared/DropFile";
import { mayShare, ReadOnlyNote, useMayEdit } from "@/shared/EditorOnly";
import { Field, TextArea, TextInput } from "@/shared/Field";
import { Page } from "@/shared/Page";
import { Segments } from "@/shared/Segments";
import { toast } from "@/shared/toast";
import { useUrlState } from "@/shared/url";
import { PipelineChooser } from "../runs/form/choosers";
import { Diagnostics } from "./Diagnostics";

/** A new pipeline, or a new version of one, from a file or an address. */
export default function UploadPage() {
  const navigate = useNavigate();
  const mayEdit = useMayEdit();
  const [url, patch] = useUrlState();
  const pipelineId = url["pipelineId"];
  const isVersion = url["kind"] === "version" || pipelineId !== undefined;
  const isByUrl = url["by"] === "url";
  const own = namespace();
  const { data: who } = useQuery(getWhoAmI());
  const isShared = own !== undefined && url["view"] === "shared" && mayShare(who);
  const { data: pipeline } = useQuery(getPipeline(pipelineId ?? ""));
  const [file, setFile] = useState<File>();
  const [check, setCheck] = useState<CheckView>();
  const [source, setSource] = useState("");
  const [name, setName] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [description, setDescription] = useState("");
  const [codeSource, setCodeSource] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const chooseFile = async (chosen: File) => {
    setFile(chosen);
    setCheck(undefined);
    setError(undefined);
    try {
      const view = await checkFile(chosen);
      setCheck(view);
      if (name === "") setName(isVersion ? versionName() : (view.graph?.name ?? chosen.name.replace(/\.(ya?ml|json|zip|tar\.gz|tgz)$/i, "")));
    } catch (problem) {
      setError(problem);
    }
  };
  const isReady = mayEdit && name.trim() !== "" && (isByUrl ? source.trim() !== "" : file !== undefined && check?.ok !== false) && (!isVersion || pipelineId !== undefined);
  const submit = async () => {
    if (!isReady) return;
    setBusy(true);
    setError(undefined);
    try {
      const upload = { pipelineId: isVersion ? pipelineId : undefined, name: name.trim(), displayName: displayName.trim() || undefined, description: description || undefined, codeSourceUrl: codeSource || undefined, namespace: isShared ? "" : own };
      const made = isByUrl ? await uploadUrl(source.trim(), upload) : await uploadFile(file!, upload);
      void renew("pipelines", "versions");
      toast(isVersion ? `Uploaded version “${name}”` : `Uploaded “${name}”`);
      await navigate(
        made.versionId
          ? { to: "/pipelines/details/$pipelineId/version/$versionId", params: { pipelineId: made.pipelineId, versionId: made.versionId }, search: {} }
          : { to: "/pipelines/details/$pipelineId", params: { pipelineId: made.pipelineId }, search: {} },
      );
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  // The same name again is rarely meant as another pipeline: offer the version.
  const twin = useQuery({
    queryKey: ["pipelines", "named", name, isShared],
    queryFn: async () => (await findByName<Pipeline>("pipelines", name, isShared ? "" : own)) ?? null,
    enabled: !isVersion && name.trim() !== "",
  });

  return (
    <Page title={isVersion ? "Upload a version" : "Upload a pipeline"} crumbs={[{ label: "Pipelines", to: "/pipelines" }]}>
      <form className="min-h-0 flex-1 overflow-y-auto" onSubmit={(event) => (event.preventDefault(), void submit())}>
        <div className="mx-auto flex w-full max-w-2xl flex-col gap-5 p-6">
          <ReadOnlyNote />
          <Segments
            label="What it is"
            options={[
              { id: "pipeline", label: "New pipeline" },
              { id: "version", label: "New version of a pipeline" },
            ]}
            chosen={isVersion ? "version" : "pipeline"}
            onChoose={(kind) => patch({ kind: kind === "version" ? "version" : undefined, pipelineId: kind === "version" ? pipelineId : undefined })}
          />
          {isVersion && (
            <Field label="Pipeline" isRequired>
              {({ id }) => <PipelineChooser id={id} chosen={pipelineId} onChoose={(chosen) => patch({ pipelineId: chosen.pipeline_id })} />}
            </Field>
          )}
          {!isVersion && own !== undefined && (
            <div className="flex flex-col gap-1">
              <Segments
                label="Who may use it"
                options={[
                  { id: "private", label: `Private to ${own}` },
                  { id: "shared", label: "Shared by all", isDisabled: !mayShare(who) },
                ]}
                chosen={isShared ? "shared" : "private"}
                onChoose={(view) => patch({ view: view === "shared" ? view : undefined })}
              />
              {!mayShare(who) && <p className="text-xs text-ink-3">Sharing needs the role editor in all namespaces.</p>}
            </div>
          )}
          <Segments
            label="Where it comes from"
            options={[
              { id: "file", label: "File" },
              { id: "url", label: "Address" },
            ]}
            chosen={isByUrl ? "url" : "file"}
            onChoose={(by) => patch({ by: by === "url" ? "url" : undefined })}
          />
          {isByUrl ? (
            <Field label="Address" isRequired hint="The server fetches it: https, from the hosts it allows.">
              {(ids) => <TextInput {...ids} type="url" placeholder="https://raw.githubusercontent.com/…/pipeline.yaml" value={source} onChange={(event) => setSource(event.target.value)} />}
            </Field>
          ) : (
            <>
              <DropFile
                file={file}
                ask="Drop a compiled pipeline here, or choose a file"
                hint="YAML, JSON, zip or tar.gz, up to 32 MiB"
                kinds=".yaml,.yml,.json,.zip,.tar.gz,.tgz"
                isBroken={check?.ok === false}
                onChoose={(chosen) => void chooseFile(chosen)}
                summary={check?.graph && summaryOf(check)}
              />
              {check && check.diagnostics.length > 0 && <Diagnostics diagnostics={check.diagnostics} />}
            </>
          )}
          <Field label={isVersion ? "Version name" : "Name"} isRequired>
            {(ids) => <TextInput {...ids} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          {twin.data && (
            <p className="-mt-3 text-xs text-warning">
              There is a pipeline of this name.{" "}
              <button type="button" className="link" onClick={() => (patch({ kind: "version", pipelineId: twin.data!.pipeline_id }), setName(versionName()))}>
                Upload this as its new version
              </button>
            </p>
          )}
          <Field label="Display name" hint="What people see. Empty: the name.">
            {(ids) => <TextInput {...ids} placeholder={name} value={displayName} onChange={(event) => setDisplayName(event.target.value)} />}
          </Field>
          <Field label="Description">{(ids) => <TextArea {...ids} rows={2} value={description} onChange={(event) => setDescription(event.target.value)} />}</Field>
          <Field label="Code source" hint="A link to the code that it was compiled from.">
            {(ids) => <TextInput {...ids} type="url" value={codeSource} onChange={(event) => setCodeSource(event.target.value)} />}
          </Field>
          {error !== undefined && <ErrorBanner error={error} />}
          <div className="flex items-center justify-end gap-2">
            <Button kind="ghost" onPress={() => window.history.back()}>
              Cancel
            </Button>
            <Button kind="primary" type="submit" isBusy={isBusy} isDisabled={!isReady}>
              {isVersion && pipeline ? `Upload to ${pipeline.display_name}` : "Upload"}
            </Button>
          </div>
        </div>
      </form>
    </Page>
  );
}

function versionName(): string {
  return new Date().toISOString().slice(0, 16).replace("T", " ");
}

function summaryOf(check: CheckView): string {
  const graph = check.graph!;
  const tasks = Object.values(graph.components).reduce((sum, component) => sum + (component.dag?.tasks.length ?? 0), 0);
  const dialect = graph.dialect === "v1" ? "Argo workflow of kfp 1" : `kfp ${graph.sdk_version?.replace(/^kfp-/, "") ?? "2"}`;
  return `${dialect} · ${tasks} task${tasks === 1 ? "" : "s"} · ${graph.parameters.length} parameter${graph.parameters.length === 1 ? "" : "s"}`;
}
