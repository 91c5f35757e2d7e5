import { Link } from "@tanstack/react-router";
import { ChartLine, ChevronRight, Download, ExternalLink } from "lucide-react";
import { useState } from "react";
import { artifactAddress } from "@/api/own";
import type { ArtifactView, TaskDetailView, Values, ValueView } from "@/api/own-types";
import { plainInput } from "@/graph/model/scene";
import { CopyButton } from "@/shared/CodeBlock";
import { cx } from "@/shared/cx";
import { EditorOnly } from "@/shared/EditorOnly";
import { ArtifactPreview } from "@/viewers/ArtifactPreview";
import { bytesText } from "@/shared/bytes";
import { JsonView } from "@/viewers/JsonView";
import type { Selection } from "../selection";

/** Longer texts open in a tree or a block. */
const SHORT = 120;

export function DataTab({ detail, selection }: { detail: TaskDetailView; selection: Selection }) {
  return (
    <div className="space-y-6 p-4">
      <Side title="Outputs" values={detail.outputs} empty="No outputs." open />
      <Side title="Inputs" values={detail.inputs} empty="No inputs." sourceTask={(source) => siblingOf(detail, source)} onTask={selection.selectTask} />
    </div>
  );
}

interface SideProps {
  title: string;
  values: Values;
  empty: string;
  open?: boolean;
  /** The task that a value's source names, if it names one. */
  sourceTask?: (source: string) => string | undefined;
  onTask?: (task: string) => void;
}

/** `train.model` is an output of the task `train` beside this one; `pipeline input x` is of none. */
function siblingOf(detail: TaskDetailView, source: string): string | undefined {
  const dot = source.indexOf(".");
  return dot < 0 || source.includes(" ") || detail.parent === undefined ? undefined : `${detail.parent}/${source.slice(0, dot)}`;
}

export function Side({ title, values, empty, open, sourceTask, onTask }: SideProps) {
  const isEmpty = values.parameters.length === 0 && values.artifacts.length === 0;
  return (
    <section aria-label={title}>
      <h3 className="mb-2 text-xs text-ink-3">{title}</h3>
      {isEmpty && <p className="text-ink-3">{empty}</p>}
      {values.parameters.length > 0 && (
        <dl className="overflow-hidden rounded-lg ring-1 ring-line ring-inset">
          {values.parameters.map((value) => (
            <Parameter key={value.name} value={value} task={value.source === undefined ? undefined : sourceTask?.(value.source)} onTask={onTask} />
          ))}
        </dl>
      )}
      <div className="mt-2 space-y-2">
        {values.artifacts.map((artifact, index) => (
          <ArtifactCard key={`${artifact.name} ${artifact.artifact_id}`} artifact={artifact} isOpen={open === true && index < 3} />
        ))}
      </div>
    </section>
  );
}

function Parameter({ value, task, onTask }: { value: ValueView; task: string | undefined; onTask?: (task: string) => void }) {
  const isTree = value.value !== null && typeof value.value === "object";
  const text = isTree ? JSON.stringify(value.value) : String(value.value ?? "");
  const { source } = value;
  return (
    <div className="group grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)] items-start gap-3 border-b border-line px-3 py-1.5 last:border-0">
      <dt className="min-w-0 break-words text-ink-2" title={value.name}>
        {plainInput(value.name)}
        <span className="block text-2xs text-ink-3">
          {value.type.toLowerCase().replace("number_", "")}
          {source !== undefined && " from "}
          {source !== undefined && task !== undefined && onTask !== undefined ? (
            <button type="button" className="link" onClick={() => onTask(task)}>
              {plainInput(source)}
            </button>
          ) : (
            source && plainInput(source)
          )}
        </span>
      </dt>
      <dd className="flex min-w-0 items-start gap-3">
        <div className="min-w-0 flex-1 font-mono text-xs break-words">
          {isTree && text.length > 40 ? <JsonView value={value.value} open={text.length > 2000 ? 0 : 1} /> : text.length > SHORT ? <Long text={text} /> : text === "" ? <span className="text-ink-3">empty</span> : text}
        </div>
        <CopyButton text={text} label={`Copy ${plainInput(value.name)}`} className="opacity-0 group-focus-within:opacity-100 group-hover:opacity-100" />
      </dd>
    </div>
  );
}

function Long({ text }: { text: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <span className="whitespace-pre-wrap">{isOpen ? text : `${text.slice(0, SHORT)}…`}</span>{" "}
      <button type="button" onClick={() => setOpen(!isOpen)} className="link font-sans">
        {isOpen ? "less" : `${text.length.toLocaleString("en-US")} characters`}
      </button>
    </>
  );
}

/** An artifact that opens into its preview. */
export function ArtifactCard({ artifact, isOpen: initial = false }: { artifact: ArtifactView; isOpen?: boolean }) {
  const [isOpen, setOpen] = useState(initial);
  return (
    <div className="rounded-lg ring-1 ring-line ring-inset">
      <div className="flex items-center gap-1 px-1.5 py-1">
        <button
          type="button"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
          className="flex min-w-0 flex-1 items-center gap-2 rounded-md px-1.5 py-1 text-left hover:bg-hover"
        >
          <ChevronRight size={13} aria-hidden className={cx("shrink-0 text-ink-3 transition-transform", isOpen && "rotate-90")} />
          <span className="truncate font-medium">{plainInput(artifact.name)}</span>
          <span className="shrink-0 rounded-sm bg-neutral-soft px-1.5 text-2xs text-ink-2">{artifact.type.replace(/^system\./, "")}</span>
          {artifact.size !== undefined && <span className="tnum ml-auto shrink-0 text-2xs text-ink-3">{bytesText(artifact.size)}</span>}
        </button>
        <a
          href={artifactAddress(artifact.artifact_id, "content", { download: 1 })}
          download
          aria-label={`Download ${artifact.name}`}
          title="Download"
          className="flex size-6 shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
        >
          <Download size={13} aria-hidden />
        </a>
        <EditorOnly>
          <Link
            to="/visualize"
            search={{ source: artifact.uri } as never}
            aria-label={`Visualize ${artifact.name}`}
            title="Visualize"
            className="flex size-6 shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
          >
            <ChartLine size={13} aria-hidden />
          </Link>
        </EditorOnly>
        <Link
          to="/artifacts/$artifactId"
          params={{ artifactId: artifact.artifact_id }}
          search={{}}
          aria-label={`Open ${artifact.name} and its lineage`}
          title="Open with its lineage"
          className="flex size-6 shrink-0 items-center justify-center rounded-md text-ink-3 hover:bg-hover hover:text-ink"
        >
          <ExternalLink size={13} aria-hidden />
        </Link>
      </div>
      {isOpen && (
        <div className="space-y-3 border-t border-line p-3">
          <ArtifactPreview artifact={artifact} />
          <div className="flex items-center gap-1 text-2xs text-ink-3">
            <code className="min-w-0 font-mono break-all">{artifact.uri}</code>
            <CopyButton text={artifact.uri} label="Copy the address" />
          </div>
        </div>
      )}
    </div>
  );
}
