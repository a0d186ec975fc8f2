import { type ChunkSizes, scanChunk } from './chunk-scan.ts'

export type { ChunkSizes } from './chunk-scan.ts'

/** Sizes for encoded objects, where changes are small and scattered. */
export const valueChunks: ChunkSizes = { minBytes: 2 * 1024, targetBytes: 8 * 1024, maxBytes: 64 * 1024 }

/** Sizes for columns, streams and files. */
export const blobChunks: ChunkSizes = { minBytes: 16 * 1024, targetBytes: 64 * 1024, maxBytes: 256 * 1024 }

/**
 * Length of the chunk that begins at `from`, looking no further than `end`. Less than `end - from`, or `maxBytes`: a cut. Equal to
 * `end - from`: no cut is known there; the chunk ends if the part does. It depends on nothing but the bytes from `from` on.
 */
export function chunkLength(bytes: Uint8Array, from: number, end: number, sizes: ChunkSizes): number {
  return scanChunk(viewOf(bytes), from, 0, end, sizes)
}

/**
 * Cuts a part that arrives in pieces of any length, exactly where the whole part would be cut. Each chunk is handed over as one
 * contiguous view, in order: on the piece if it lies within one, else on memory of its own. Therefore a piece must keep its bytes
 * until the next `push` or `finish` has returned, and for as long as the views on it are used.
 */
export class ChunkCutter {
  readonly #sizes: ChunkSizes
  readonly #onChunk: (chunk: Uint8Array) => void
  /** What has come since the last cut: a view on the last piece, or on `#joined` once that has been outgrown. */
  #open: Uint8Array = new Uint8Array(0)
  /** `maxBytes`, used again for every chunk that straddles pieces; made when the first does. */
  #joined: Uint8Array | undefined

  constructor(sizes: ChunkSizes, onChunk: (chunk: Uint8Array) => void) {
    this.#sizes = sizes
    this.#onChunk = onChunk
  }

  push(piece: Uint8Array): void {
    if (piece.length === 0) return
    let from = this.#open.length > 0 ? this.#continue(piece) : 0
    const view = viewOf(piece)
    while (from < piece.length) {
      const length = scanChunk(view, from, 0, piece.length, this.#sizes)
      if (from + length === piece.length && length < this.#sizes.maxBytes) {
        this.#open = piece.subarray(from)
        return
      }
      this.#onChunk(piece.subarray(from, from + length))
      from += length
    }
  }

  /** The end of the part: hands over what is left. The next `push` begins another part. */
  finish(): void {
    const rest = this.#open
    this.#open = rest.subarray(0, 0)
    if (rest.length > 0) this.#onChunk(rest.buffer === this.#joined?.buffer ? rest.slice() : rest)
  }

  /** Ends the open chunk with bytes of `piece`, if it ends there. How many bytes that took; all of them if it stays open. */
  #continue(piece: Uint8Array): number {
    const { targetBytes, maxBytes } = this.#sizes
    this.#joined ??= new Uint8Array(maxBytes)
    const joined = this.#joined
    const view = viewOf(joined)
    if (this.#open.buffer !== joined.buffer) joined.set(this.#open)
    let filled = this.#open.length
    for (let taken = 0; taken < piece.length; ) {
      // In steps, because the cut is seldom far and what lies behind it is copied for nothing.
      const step = Math.min(piece.length - taken, maxBytes - filled, targetBytes)
      joined.set(piece.subarray(taken, taken + step), filled)
      const length = scanChunk(view, 0, filled - 1, filled + step, this.#sizes)
      if (length < filled + step || length === maxBytes) {
        this.#open = joined.subarray(0, 0)
        this.#onChunk(joined.slice(0, length))
        return taken + length - filled
      }
      filled += step
      taken += step
    }
    this.#open = joined.subarray(0, filled)
    return piece.length
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
