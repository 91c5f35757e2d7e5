import { useQuery } from "@tanstack/react-query";
import { artifactAddress } from "@/api/own";
import { ErrorBanner } from "@/shared/Banner";
import { SkeletonLines } from "@/shared/Skeleton";
import { parquetHead, remoteFile } from "./parquet";
import { TableViewer } from "./TableViewer";

const ROWS = 200;

/** The first rows of a Parquet file; only their part of it is read. */
export default function ParquetTable({ artifact, name, path }: { artifact: string; name: string; path?: string }) {
  const query = useQuery({
    queryKey: ["artifacts", "parquet", artifact, path],
    queryFn: async () => parquetHead(await remoteFile(artifactAddress(artifact, "content", { path })), ROWS),
    staleTime: 60_000,
    retry: false,
  });
  if (query.error) return <ErrorBanner error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <SkeletonLines lines={6} />;
  const { columns, rows, total_rows = 0, truncated } = query.data;
  return <TableViewer label={`Rows of ${name}`} columns={columns} rows={rows} note={truncated ? `The first ${rows.length} rows of ${total_rows.toLocaleString("en-US")}.` : `${rows.length} rows.`} />;
}
