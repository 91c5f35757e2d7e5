// What unpacks the columns of Parquet files that are not packed with Snappy; fetched when such a file is looked at.

import type { Compressors } from "hyparquet";
import { decompressBrotli, decompressGzip, decompressLz4, decompressLz4Raw, decompressZstd } from "hyparquet-compressors";

export const compressors: Compressors = {
  ZSTD: (bytes) => decompressZstd(bytes),
  GZIP: decompressGzip,
  BROTLI: decompressBrotli,
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};
