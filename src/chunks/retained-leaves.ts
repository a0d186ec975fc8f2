import { blobChunks, chunkLength } from '../format/cut-chunks.ts'
import type { ChunkList } from './chunk-list.ts'
import type { StreamPiece } from './stream-saver.ts'

/** Bytes of leaves kept in memory for the next save. */
const retainedBytesInAll = 128 << 20
/** Bytes compared at a time: what is equal is passed over without looking at its chunks. */
const comparedBytes = 1 << 20

/** A large binary leaf as it was saved last. */
interface RetainedLeaf {
  readonly copy: Uint8Array<SharedArrayBuffer>
  /** Its chunks: those of the checkpoint's list from `from` to before `to`. */
  readonly list: ChunkList
  readonly from: number
}

/** Leaves that are being saved. */
export interface CapturedLeaves {
  /** The next leaf of the value: its bytes as they are now. What did not change since the checkpoint before is not copied. */
  capture(live: Uint8Array, offset: number): readonly StreamPiece[]
  /** The save was committed; `list` are its chunks. */
  keep(id: string, list: ChunkList): void
}

/**
 * Copies of the large binary leaves (typed arrays, Buffers) of the newest checkpoint of each lineage. A save must copy them anyway, because the caller may change them at once; keeping the copy
 * lets the next save compare instead, at memory speed, and cut and hash only what changed. A cut depends only on the bytes of its own chunk, so the chunks are those that cutting all of it would give.
 */
export class RetainedLeaves {
  readonly #lineages = new Map<
    string,
    { readonly id: string; readonly leaves: readonly RetainedLeaf[]; readonly bytes: number }
  >()
  #bytes = 0

  /** Begins a save of this lineage. What is retained of it belongs to that save until {@link CapturedLeaves.keep}; if it fails, it is forgotten. */
  begin(lineage: string, parentId: string | undefined): CapturedLeaves {
    const before = this.#take(lineage)
    const known = before !== undefined && before.id === parentId ? before.leaves : []
    const captured: { readonly copy: Uint8Array<SharedArrayBuffer>; readonly offset: number }[] = []
    return {
      capture: (live, offset) => {
        const leaf = known[captured.length]
        if (leaf !== undefined && leaf.copy.length === live.length) {
          captured.push({ copy: leaf.copy, offset })
          return changedPieces(live, leaf)
        }
        const copy = new Uint8Array(new SharedArrayBuffer(live.length))
        copy.set(live)
        captured.push({ copy, offset })
        return [{ kind: 'blob', bytes: copy, endsPart: true }]
      },
      keep: (id, list) => {
        const leaves = captured.map(({ copy, offset }) => ({ copy, list, from: list.indexAt(offset) }))
        this.#put(lineage, id, leaves)
      },
    }
  }

  /** What is retained stands on chunks that may be gone. */
  forget(): void {
    for (const lineage of [...this.#lineages.keys()]) this.#take(lineage)
  }

  #take(lineage: string) {
    const retained = this.#lineages.get(lineage)
    this.#lineages.delete(lineage)
    this.#bytes -= retained?.bytes ?? 0
    return retained
  }

  #put(lineage: string, id: string, leaves: readonly RetainedLeaf[]): void {
    this.#take(lineage)
    const bytes = leaves.reduce((sum, leaf) => sum + leaf.copy.length, 0)
    if (bytes === 0 || bytes > retainedBytesInAll) return
    this.#lineages.set(lineage, { id, leaves, bytes })
    this.#bytes += bytes
    for (const oldest of this.#lineages.keys()) {
      if (this.#bytes <= retainedBytesInAll) return
      this.#take(oldest)
    }
  }
}

/** The leaf as stretches of chunks that are the same and stretches of new bytes; brings the copy up to date. */
function changedPieces(live: Uint8Array, leaf: RetainedLeaf): StreamPiece[] {
  const { copy, list, from } = leaf
  const start = list.offset(from)
  const now = Buffer.from(live.buffer, live.byteOffset, live.byteLength)
  const pieces: StreamPiece[] = []
  let index = from
  let known = from
  for (let at = 0; at < live.length; ) {
    const end = Math.min(at + comparedBytes, live.length)
    if (now.compare(copy, at, end, at, end) === 0) {
      // Only chunks that end here are passed over; the last may go on into what is not yet compared.
      const next = end === live.length ? end : endOfChunkBefore(list, index, start, end)
      if (next > at) {
        index = list.indexAt(start + next)
        at = next
        continue
      }
    }
    const length = list.rawBytes(index)
    if (now.compare(copy, at, at + length, at, at + length) === 0) {
      at += length
      index++
      continue
    }
    if (index > known) pieces.push({ kind: 'known', list, from: known, to: index })
    const changedFrom = at
    do {
      at += chunkLength(live, at, live.length, blobChunks)
      while (list.offset(index) - start < at) index++
    } while (at < live.length && list.offset(index) - start !== at)
    const changed = new Uint8Array(live.subarray(changedFrom, at))
    copy.set(changed, changedFrom)
    pieces.push({ kind: 'blob', bytes: changed, endsPart: true })
    known = index
  }
  if (index > known) pieces.push({ kind: 'known', list, from: known, to: index })
  return pieces
}

/** Where the last chunk ends that ends at `end` or before, in the leaf. */
function endOfChunkBefore(list: ChunkList, index: number, start: number, end: number): number {
  const at = list.indexAt(start + end)
  return at <= index ? 0 : list.offset(at) - start
}
