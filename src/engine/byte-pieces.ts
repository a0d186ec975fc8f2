import type { StreamPiece } from '../chunks/stream-saver.ts'
import { WaymarkError } from '../model/errors.ts'
import { SlabFiller, slabBytes, slabs } from './slab-filler.ts'

/** Bytes in one piece or in many: a file's read stream, the body of a response, a generator. Of a stream each piece is copied when it comes, so it may use its memory again; a single Uint8Array must stay as it is until it is saved. */
export type ByteSource = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>

/** A source as one part. */
export async function* bytePieces(source: ByteSource): AsyncIterableIterator<StreamPiece> {
  if (source instanceof Uint8Array && source.length > 0) {
    yield* liveBytePieces(source)
    return
  }
  const filler = new SlabFiller('blob')
  for await (const full of copiedAhead(source, filler)) yield* full
  yield filler.end()
}

/** While what was copied is worked on, the source may make its next piece. */
async function* copiedAhead(source: ByteSource, filler: SlabFiller): AsyncIterableIterator<readonly StreamPiece[]> {
  const pieces = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
  let next = pieces.next()
  try {
    for (;;) {
      const { done, value } = await next
      if (done === true) return
      if (!(value instanceof Uint8Array)) throw notBytes(value)
      const full = filler.add(value)
      next = pieces.next()
      // Awaited above; should this end before, nobody else hears of a failure.
      Promise.resolve(next).catch(() => {})
      if (full.length > 0) yield full
    }
  } finally {
    await pieces.return?.()
  }
}

/** Bytes that nobody changes meanwhile as one part, copied piece by piece when they are asked for: what is hashed and what is kept are the same even so. */
export function* liveBytePieces(bytes: Uint8Array): Iterable<StreamPiece> {
  for (let from = 0; from < bytes.length; from += slabBytes) {
    const part = bytes.subarray(from, from + slabBytes)
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
