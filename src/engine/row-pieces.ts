import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { Codec } from '../format/codec.ts'
import { encodeRow } from '../format/row-codec.ts'

/** Encoded rows are gathered to about this length. */
const gatheredBytes = 256 * 1024

/** Rows as one part of a stream: their encodings back to back, and how many there were. */
export function rowPieces(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  codecs: readonly Codec[],
): { readonly pieces: AsyncIterable<StreamPiece>; readonly count: () => number } {
  let count = 0
  async function* pieces(): AsyncIterableIterator<StreamPiece> {
    let parts: Uint8Array[] = []
    let bytes = 0
    for await (const row of rows) {
      for (const part of encodeRow(row, { codecs })) {
        parts.push(part)
        bytes += part.length
      }
      count++
      if (bytes < gatheredBytes) continue
      yield { kind: 'value', bytes: Buffer.concat(parts), endsPart: false }
      parts = []
      bytes = 0
    }
    yield { kind: 'value', bytes: Buffer.concat(parts), endsPart: true }
  }
  return { pieces: pieces(), count: () => count }
}
