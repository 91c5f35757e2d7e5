import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useState } from "react";
import { artifactAddress, getArtifactHead, getArtifactTable } from "@/api/own";
import type { Media } from "@/api/own-types";
import type { Json } from "@/api/types";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { CodeBlock } from "@/shared/CodeBlock";
import { SkeletonLines } from "@/shared/Skeleton";
import { bytesText } from "@/shared/bytes";
import { tableOf } from "./csv";
import { HtmlFrame } from "./HtmlFrame";
import { JsonView } from "./JsonView";
import { MarkdownView } from "./MarkdownView";
import { TableViewer } from "./TableViewer";

const ParquetTable = lazy(() => import("./ParquetTable"));

export interface FileViewProps {
  artifact: string;
  name: string;
  /** Inside a folder. */
  path?: string;
  media?: Media;
}

/** A file of an artifact, shown as what it is. */
export function FileView({ artifact, name, path, media }: FileViewProps) {
  if (media === "html") return <HtmlFrame src={artifactAddress(artifact, "preview", { path })} title={name} />;
  if (media === "image") return <ImageView src={artifactAddress(artifact, "content", { path })} name={name} />;
  if (media === "parquet") {
    return (
      <Suspense fallback={<SkeletonLines lines={6} />}>
        <ParquetTable artifact={artifact} name={name} path={path} />
      </Suspense>
    );
  }
  if (media === "csv") return <FileTable artifact={artifact} name={name} path={path} />;
  return <FileText artifact={artifact} name={name} path={path} media={media} />;
}

function ImageView({ src, name }: { src: string; name: string }) {
  return (
    <a href={src} target="_blank" rel="noreferrer noopener" className="block w-fit max-w-full rounded-lg bg-[repeating-conic-gradient(var(--sunken)_0_25%,var(--surface)_0_50%)] bg-[length:16px_16px] ring-1 ring-line">
      <img src={src} alt={name} loading="lazy" className="max-h-[60vh] max-w-full rounded-lg object-contain" />
    </a>
  );
}

function FileTable({ artifact, name, path }: FileViewProps) {
  const query = useQuery(getArtifactTable(artifact, path));
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={6} />;
  const { columns, rows, total_rows, truncated } = query.data;
  const note = truncated ? `The first ${rows.length} rows${total_rows === undefined ? "" : ` of ${total_rows.toLocaleString("en-US")}`}.` : `${rows.length} rows.`;
  return <TableViewer label={`Rows of ${name}`} columns={columns} rows={rows} note={note} />;
}

function FileText({ artifact, name, path, media }: FileViewProps) {
  const query = useQuery(getArtifactHead(artifact, path));
  const shown = media ?? query.data?.media;
  const [isRaw, setRaw] = useState(false);
  // Artifacts seldom have an ending in their name, so texts are looked at.
  const isText = shown === "json" || shown === "text" || shown === "csv";
  const value = useMemo(() => (isText && query.data !== undefined && !query.data.truncated ? parsed(query.data.text) : undefined), [isText, query.data]);
  const table = useMemo(() => (isText && value === undefined && query.data !== undefined ? tableOf(query.data.text) : undefined), [isText, value, query.data]);
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={6} />;
  const { text, size, truncated } = query.data;
  // What a file turns out to be when it is opened may be more than its name told.
  if (media === undefined && shown !== undefined && ["html", "image", "csv", "parquet"].includes(shown)) {
    return <FileView artifact={artifact} name={name} path={path} media={shown} />;
  }
  if (size === 0) return <p className="text-ink-3">The file is empty.</p>;
  if (shown === "binary" || shown === "none") {
    return <p className="text-ink-3">{`${bytesText(size)} of data that is no text. Download it to look inside.`}</p>;
  }
  return (
    <div>
      {(value !== undefined || table !== undefined) && (
        <Button small kind="ghost" aria-pressed={isRaw} onPress={() => setRaw(!isRaw)} className="mb-1">
          {isRaw ? (table === undefined ? "Show as a tree" : "Show as a table") : "Show the text"}
        </Button>
      )}
      {shown === "markdown" ? (
        <MarkdownView text={text} />
      ) : table !== undefined && !isRaw ? (
        <TableViewer label={`Rows of ${name}`} columns={table.columns} rows={table.rows.slice(0, 200)} note={rowsNote(table.rows.length, truncated)} />
      ) : value !== undefined && !isRaw ? (
        <JsonView value={value.json} />
      ) : (
        <CodeBlock text={text} label={`Text of ${name}`} wrap className="max-h-[60vh] overflow-auto" />
      )}
      {truncated && <p className="pt-1.5 text-2xs text-ink-3">{`The first ${bytesText(new Blob([text]).size)} of ${bytesText(size)}.`}</p>}
    </div>
  );
}

function rowsNote(count: number, isCut: boolean): string {
  if (count <= 200 && !isCut) return `${count} rows.`;
  return `The first ${Math.min(200, count)} rows${isCut || count >= 1000 ? "" : ` of ${count}`}.`;
}

/** Only what is more than a word of JSON is worth a tree. */
function parsed(text: string): { json: Json } | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return { json: JSON.parse(text) as Json };
  } catch {
    return undefined;
  }
}
