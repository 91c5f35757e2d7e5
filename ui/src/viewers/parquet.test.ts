import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parquetHead } from "./parquet";

// Written by pyarrow: 300 rows in three groups, packed with Snappy; and the same packed in other ways.
function file(name: string) {
  const bytes = readFileSync(join(import.meta.dirname, "fixtures", name));
  const slice = (start: number, end?: number) => Uint8Array.from(bytes.subarray(start, end)).buffer;
  return { byteLength: bytes.length, slice };
}

test("the first rows come with the names and types of their columns", async () => {
  const view = await parquetHead(file("cities.parquet"), 2);
  expect(view.columns.map((column) => column.name)).toEqual(["city", "people", "growth", "founded", "capital", "tags"]);
  expect(view.columns.map((column) => column.type).slice(0, 3)).toEqual(["string", "int64", "double"]);
  expect(view.rows).toEqual([
    [null, 0, 0, "1200-01-02 03:04:05", true, ["a", "0"]],
    ["city 1", 1000, 1 / 7, "1201-01-02 03:04:05", false, ["a", "1"]],
  ]);
  expect([view.total_rows, view.truncated]).toEqual([300, true]);
});

test("rows go on over groups, and end with the file", async () => {
  const view = await parquetHead(file("cities.parquet"), 1000);
  expect(view.rows.map((row) => row[1])).toEqual(Array.from({ length: 300 }, (_, index) => index * 1000));
  expect(view.truncated).toBe(false);
});

test.each(["zstd", "gzip", "brotli", "lz4"])("a file that is packed with %s is read as well", async (codec) => {
  const view = await parquetHead(file(`cities-${codec}.parquet`), 2);
  expect(view.rows).toEqual([
    [null, 0, 0, "1200-01-02 03:04:05", true, ["a", "0"]],
    ["city 1", 1000, 1 / 7, "1201-01-02 03:04:05", false, ["a", "1"]],
  ]);
  expect([view.total_rows, view.truncated]).toEqual([300, true]);
});
