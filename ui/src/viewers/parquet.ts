// The first rows of a Parquet file, read by byte ranges: its end says where they are, the rest stays where it is.

import { parquetMetadataAsync, parquetRead, parquetSchema, type AsyncBuffer, type Compressors, type FileMetaData } from "hyparquet";
import type { TableView } from "@/api/own-types";
import type { Json } from "@/api/types";

/** The most that is read for them: rows come in groups, which are read column by column as wholes. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_UNPACKED = 256 * 1024 * 1024;

/** Reads at most this many rows. Errors: an encoding or compression that is not read here, a group that is too large. */
export async function parquetHead(file: AsyncBuffer, most: number): Promise<TableView> {
  const metadata = await parquetMetadataAsync(file);
  const total = Number(metadata.num_rows);
  const columns = parquetSchema(metadata).children.map(({ element }) => ({ name: element.name, type: typeOf(element) }));
  const rowEnd = Math.min(most, total);
  const groups = firstGroups(metadata, rowEnd);
  for (const [bytes, most] of [[groups.packed, MOST_BYTES], [groups.unpacked, MOST_UNPACKED]] as const) {
    if (bytes > most) throw new Error(`The first rows are in groups of ${Math.round(bytes / 1024 / 1024)} MiB, too much to be shown; download the file instead.`);
  }
  let rows: Json[][] = [];
  if (rowEnd > 0) {
    const compressors = await compressorsFor(groups.codecs);
    await parquetRead({ file, metadata, rowEnd, compressors, onComplete: (found) => (rows = found.map((row) => row.map(plain))) });
  }
  return { columns, rows, total_rows: total, truncated: rowEnd < total };
}

function typeOf(element: { type?: string; logical_type?: { type: string }; converted_type?: string; num_children?: number }): string {
  if (element.num_children !== undefined && element.num_children > 0) return element.converted_type?.toLowerCase() ?? "struct";
  return (element.logical_type?.type ?? element.converted_type ?? element.type ?? "").toLowerCase();
}

/** What has to be read for the first rows: how many bytes, as they lie there and unpacked, and how they are packed. */
function firstGroups(metadata: FileMetaData, rows: number) {
  const [found, codecs] = [{ packed: 0, unpacked: 0 }, new Set<string>()];
  let left = rows;
  for (const group of metadata.row_groups) {
    if (left <= 0) break;
    left -= Number(group.num_rows);
    for (const { meta_data: column } of group.columns) {
      found.packed += Number(column?.total_compressed_size ?? 0);
      found.unpacked += Number(column?.total_uncompressed_size ?? 0);
      if (column) codecs.add(column.codec);
    }
  }
  return { ...found, codecs };
}

/** Fetches what unpacks zstd, gzip, brotli and LZ4 when a file needs it; Snappy is read without. */
async function compressorsFor(codecs: Set<string>): Promise<Compressors | undefined> {
  if ([...codecs].every((codec) => codec === "SNAPPY" || codec === "UNCOMPRESSED")) return undefined;
  return (await import("./unpack")).compressors;
}

/** Turns what Parquet has and JSON has not into what a reader expects. */
function plain(value: unknown): Json {
  if (value === undefined || value === null) return null;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Date) return value.toISOString().replace(/T00:00:00\.000Z$/, "").replace("T", " ").replace(/\.000Z$|Z$/, "");
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  return value as Json;
}

/** A file of the server as Parquet readers want it. */
export async function remoteFile(url: string): Promise<AsyncBuffer> {
  const head = await fetch(url, { method: "HEAD", credentials: "same-origin" });
  if (!head.ok) throw new Error(`The file could not be read: the server answered ${head.status}.`);
  return {
    byteLength: Number(head.headers.get("Content-Length")),
    async slice(start, end) {
      const last = end === undefined ? "" : end - 1;
      const answer = await fetch(url, { headers: { Range: `bytes=${start}-${last}` }, credentials: "same-origin" });
      if (answer.status !== 206) throw new Error(`The file could not be read in parts: the server answered ${answer.status}.`);
      return answer.arrayBuffer();
    },
  };
}
