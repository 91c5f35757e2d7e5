import { useInfiniteQuery } from "@tanstack/react-query";
import { File, Folder } from "lucide-react";
import { useState } from "react";
import { getArtifactFiles } from "@/api/own";
import { ErrorBanner } from "@/shared/Banner";
import { Button } from "@/shared/Button";
import { cx } from "@/shared/cx";
import { SkeletonLines } from "@/shared/Skeleton";
import { bytesText } from "@/shared/bytes";
import { FileView } from "./FileView";

/** What is in a folder artifact, one level at a time, with the chosen file below. */
export function FolderView({ artifact, name }: { artifact: string; name: string }) {
  const [folder, setFolder] = useState<string>();
  const [file, setFile] = useState<string>();
  const query = useInfiniteQuery(getArtifactFiles(artifact, folder));
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={4} />;
  const files = query.data.pages.flatMap((page) => page.files);
  const parts = folder?.split("/") ?? [];
  return (
    <div className="space-y-3">
      <nav aria-label="Folder" className="flex flex-wrap items-center gap-1 text-xs text-ink-3">
        <Step name={name} onPress={() => setFolder(undefined)} isLast={parts.length === 0} />
        {parts.map((part, index) => (
          <span key={parts.slice(0, index + 1).join("/")} className="flex items-center gap-1">
            / <Step name={part} onPress={() => setFolder(parts.slice(0, index + 1).join("/"))} isLast={index === parts.length - 1} />
          </span>
        ))}
      </nav>
      <ul className="overflow-hidden rounded-lg ring-1 ring-line ring-inset">
        {files.length === 0 && <li className="px-3 py-2 text-ink-3">The folder is empty.</li>}
        {files.map((entry) => (
          <li key={entry.path} className="border-b border-line last:border-0">
            <button
              type="button"
              aria-pressed={entry.is_folder ? undefined : file === entry.path}
              onClick={() => (entry.is_folder ? setFolder(entry.path) : setFile(entry.path === file ? undefined : entry.path))}
              className={cx("flex w-full items-center gap-2 px-3 py-1.5 text-left text-xs hover:bg-hover", file === entry.path && "bg-accent-soft")}
            >
              {entry.is_folder ? <Folder size={13} aria-hidden className="shrink-0 text-ink-3" /> : <File size={13} aria-hidden className="shrink-0 text-ink-3" />}
              <span className="min-w-0 truncate">{entry.name}</span>
              <span className="tnum ml-auto shrink-0 text-ink-3">{entry.is_folder ? "" : bytesText(entry.size)}</span>
            </button>
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button small isBusy={query.isFetchingNextPage} onPress={() => void query.fetchNextPage()}>
          More
        </Button>
      )}
      {file !== undefined && <FileView key={file} artifact={artifact} name={file} path={file} />}
    </div>
  );
}

function Step({ name, onPress, isLast }: { name: string; onPress: () => void; isLast: boolean }) {
  if (isLast) return <span className="text-ink">{name}</span>;
  return (
    <button type="button" onClick={onPress} className="link">
      {name}
    </button>
  );
}
