import { SlabPool } from '../chunks/slab-pool.ts'
import type { PartKind, StreamPiece } from '../chunks/stream-saver.ts'

/** Pieces are gathered to this length, so that a source of small ones costs no more than one of large ones. */
export const slabBytes = 1 << 20
/** Slabs that are kept for the next stream: those of one that is compressed on two threads. */
const keptSlabs = 24

/** Of all streams of the process. */
export const slabs = new SlabPool(slabBytes, keptSlabs)

/** Gathers bytes that come in pieces of any length: copies them, so that their source may use its memory again. */
export class SlabFiller {
  readonly #kind: PartKind
  #slab = slabs.take()
  #filled = 0

  constructor(kind: PartKind) {
    this.#kind = kind
  }

  /** The pieces that are full with these bytes; most often none. */
  add(bytes: Uint8Array): readonly StreamPiece[] {
    if (bytes.length < slabBytes - this.#filled) {
      this.#slab.set(bytes, this.#filled)
      this.#filled += bytes.length
      return none
    }
    const full: StreamPiece[] = []
    for (let from = 0; from < bytes.length; ) {
      const part = bytes.subarray(from, from + slabBytes - this.#filled)
      this.#slab.set(part, this.#filled)
      this.#filled += part.length
      from += part.length
      if (this.#filled === slabBytes) full.push(this.#next(false))
    }
    return full
  }

  /** Memory for the next `length` bytes, and the pieces to hand on: more than fit into the slab are a piece of their own. */
  place(length: number, handOn: (piece: StreamPiece) => void): Uint8Array {
    if (length > slabBytes - this.#filled && this.#filled > 0) handOn(this.#next(false))
    if (length > slabBytes) {
      const bytes = new Uint8Array(length)
      handOn({ kind: this.#kind, bytes, endsPart: false })
      return bytes
    }
    this.#filled += length
    return this.#slab.subarray(this.#filled - length, this.#filled)
  }

  /** The last piece, which ends the part. */
  end(): StreamPiece {
    return this.#next(true)
  }

  #next(endsPart: boolean): StreamPiece {
    const slab = this.#slab
    const bytes = slab.subarray(0, this.#filled)
    if (!endsPart) this.#slab = slabs.take()
    this.#filled = 0
    return { kind: this.#kind, bytes, endsPart, release: () => slabs.give(slab) }
  }
}

const none: readonly StreamPiece[] = []
