import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { Codec } from '../format/codec.ts'
import { encodeRow } from '../format/row-codec.ts'
import { SlabFiller } from './slab-filler.ts'

/** Rows as one part of a stream: their encodings back to back, and how many there were. */
export function rowPieces(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  codecs: readonly Codec[],
): { readonly pieces: AsyncIterable<StreamPiece>; readonly count: () => number } {
  let count = 0
  async function* pieces(): AsyncIterableIterator<StreamPiece> {
    const filler = new SlabFiller('value')
    // Awaiting each row of a plain iterable would cost more than to encode it.
    if (Symbol.iterator in rows) {
      for (const row of rows) {
        for (const part of encodeRow(row, { codecs })) yield* filler.add(part)
        count++
      }
    } else {
      for await (const row of rows) {
        for (const part of encodeRow(row, { codecs })) yield* filler.add(part)
        count++
      }
    }
    yield filler.end()
  }
  return { pieces: pieces(), count: () => count }
}
