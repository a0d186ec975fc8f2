import { SlabPool } from '../chunks/slab-pool.ts'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { WaymarkError } from '../model/errors.ts'

/** Bytes in one piece or in many: a file's read stream, the body of a response, a generator. Of a stream each piece is copied when it comes, so it may use its memory again; a single Uint8Array must stay as it is until it is saved. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** Pieces are gathered to this length, so that a source of small ones costs no more than one of large ones. */
const gatheredBytes = 1 << 20
/** Slabs that are kept for the next stream: those of one that is compressed on two threads. */
const keptSlabs = 8

const slabs = new SlabPool(gatheredBytes, keptSlabs)

/** A source as one part. */
export async function* bytePieces(source: ByteSource): AsyncIterableIterator<StreamPiece> {
  let slab = slabs.take()
  let filled = 0
  const piece = (bytes: Uint8Array, endsPart: boolean): StreamPiece => {
    const used = slab
    return { kind: 'blob', bytes, endsPart, release: () => slabs.give(used) }
  }
  for await (const bytes of source instanceof Uint8Array ? [source] : source) {
    if (!(bytes instanceof Uint8Array)) throw notBytes(bytes)
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + gatheredBytes - filled)
      slab.set(part, filled)
      filled += part.length
      from += part.length
      if (filled < gatheredBytes) continue
      yield piece(slab, false)
      slab = slabs.take()
      filled = 0
    }
  }
  yield piece(slab.subarray(0, filled), true)
}

/** Bytes that nobody changes meanwhile as one part, copied piece by piece when they are asked for: what is hashed and what is kept are the same even so. */
export function* liveBytePieces(bytes: Uint8Array): Iterable<StreamPiece> {
  for (let from = 0; from < bytes.length; from += gatheredBytes) {
    const part = bytes.subarray(from, from + gatheredBytes)
    const slab = slabs.take()
    slab.set(part)
    const release = (): void => slabs.give(slab)
    yield { kind: 'blob', bytes: slab.subarray(0, part.length), endsPart: from + part.length === bytes.length, release }
  }
}

function notBytes(piece: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the stream gave ${typeof piece === 'string' ? 'a string' : `a value of type ${typeof piece}`} instead of bytes`,
    means: 'Nothing was saved.',
    remedy: 'Give a stream of Uint8Array: open files without an encoding, or encode text with TextEncoderStream.',
  })
}
