import * as zlib from 'node:zlib'
import type { Compressors } from 'hyparquet'
import { unpackSnappy } from './snappy-block.ts'

/** What unpacks pages: Node's own where it has them, whose length is bounded whatever a damaged page says; those of the library for the rest. */
export async function parquetCodecs(): Promise<Compressors> {
  const { compressors } = await import('hyparquet-compressors')
  return {
    ...compressors,
    SNAPPY: unpackSnappy,
    GZIP: (bytes, length) => plain(zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, length) })),
    BROTLI: (bytes, length) => plain(zlib.brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, length) })),
    ZSTD: (bytes, length) => plain(zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, length) })),
  }
}

/** A Buffer may lie anywhere in a pool; the library asks for its buffer from the beginning. */
const plain = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes)
