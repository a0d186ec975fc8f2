import type { StreamPiece } from '../chunks/chunk-store.ts'
import { WaymarkError } from '../model/errors.ts'

/** Bytes in one piece or in many: a file's read stream, the body of a response, a generator. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Pieces are gathered to this length, so that a source of small ones costs no more than one of large ones. */
const gatheredBytes = 1 << 20

/** A source as one part, its bytes copied: the source may use its memory again. */
export async function* bytePieces(source: ByteSource): AsyncIterableIterator<StreamPiece> {
  let buffer = new Uint8Array(new SharedArrayBuffer(gatheredBytes))
  let filled = 0
  for await (const piece of source instanceof Uint8Array ? [source] : source) {
    if (!(piece instanceof Uint8Array)) throw notBytes(piece)
    for (let from = 0; from < piece.length; ) {
      const part = piece.subarray(from, from + gatheredBytes - filled)
      buffer.set(part, filled)
      filled += part.length
      from += part.length
      if (filled < gatheredBytes) continue
      yield { kind: 'blob', bytes: buffer, endsPart: false }
      buffer = new Uint8Array(new SharedArrayBuffer(gatheredBytes))
      filled = 0
    }
  }
  yield { kind: 'blob', bytes: buffer.subarray(0, filled), endsPart: true }
}

function notBytes(piece: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the stream gave ${typeof piece === 'string' ? 'a string' : `a value of type ${typeof piece}`} instead of bytes`,
    means: 'Nothing was saved.',
    remedy: 'Give a stream of Uint8Array: open files without an encoding, or encode text with TextEncoderStream.',
  })
}
