import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { Codec } from '../format/codec.ts'
import { RowEncoder } from '../format/row-codec.ts'
import { SlabFiller } from './slab-filler.ts'

/** Rows as one part of a stream: their encodings back to back, and how many there were. */
export function rowPieces(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  codecs: readonly Codec[],
): { readonly pieces: AsyncIterable<StreamPiece>; readonly count: () => number } {
  let count = 0
  const encoder = new RowEncoder(codecs)
  async function* pieces(): AsyncIterableIterator<StreamPiece> {
    const filler = new SlabFiller('blob')
    let full: StreamPiece[] = []
    const add = (row: unknown): void => {
      encoder.encode(row, length => filler.place(length, piece => full.push(piece)))
      count++
    }
    const taken = (): readonly StreamPiece[] => {
      const pieces = full
      full = []
      return pieces
    }
    try {
      // Awaiting each row of a plain iterable would cost more than to encode it.
      if (Symbol.iterator in rows) {
        for (const row of rows) {
          add(row)
          if (full.length > 0) yield* taken()
        }
      } else {
        for await (const row of rows) {
          add(row)
          if (full.length > 0) yield* taken()
        }
      }
    } finally {
      encoder.release()
    }
    yield filler.end()
  }
  return { pieces: pieces(), count: () => count }
}
