import { isWaymarkError } from '../model/errors.ts'
import { type ChunkList, type ChunkPlace, packKey } from './chunk-list.ts'
import { type ChunkSpan, mostBaseChunks } from './delta-payload.ts'
import type { Packs } from './pack-shelf.ts'
import { basesOf, readSpans } from './read-chunk.ts'

/** Base bytes that a delta may stand on. */
const mostBaseBytes = 512 * 1024
/** After so many deltas in a row that did not pay, only one chunk in {@link triedAnyway} is tried: the state is a new one. */
const mostFailures = 16
const triedAnyway = 16

/** The base of a delta. */
export interface DeltaBase {
  readonly spans: readonly ChunkSpan[]
  readonly bytes: Uint8Array
}

/**
 * The chunks of the checkpoint before, and where in it the save has got to: what follows a chunk that is the same is expected to be the same, or its likeness.
 */
export class ParentChunks {
  readonly #list: ChunkList
  readonly #packs: Packs
  /** Byte of the parent that the next chunk is expected to begin at. */
  #at = 0
  #failures = 0
  #skipped = 0

  constructor(list: ChunkList, packs: Packs) {
    this.#list = list
    this.#packs = packs
  }

  /** The same chunk in the parent: the one expected next, or any. */
  find(digest: Uint8Array): ChunkPlace | undefined {
    const list = this.#list
    const expected = list.indexAt(this.#at)
    if (expected < list.count && list.digest(expected).equals(digest)) {
      this.#at = list.offset(expected) + list.rawBytes(expected)
      return list.place(expected)
    }
    const index = list.find(digest)
    if (index < 0 || !list.digest(index).equals(digest)) return undefined
    this.#at = list.offset(index) + list.rawBytes(index)
    return list.place(index)
  }

  /** Begins to read what the deltas of these next chunks will stand on. Returns whether the parent has all of them. */
  readAhead(digests: readonly Uint8Array[], chunks: readonly Uint8Array[]): boolean {
    const at = this.#at
    let hasAll = true
    for (const [i, digest] of digests.entries()) {
      const rawBytes = chunks[i]?.length ?? 0
      if (this.find(digest) !== undefined) continue
      hasAll = false
      const index = this.#list.indexAt(this.#at)
      if (index < this.#list.count && this.#failures < mostFailures) {
        const { pack, number } = this.#list.place(index)
        this.#packs.frameOf(pack, number).catch(() => {})
      }
      this.skip(rawBytes)
    }
    this.#at = at
    return hasAll
  }

  /** The next chunk is one that was kept before, most likely in the parent. */
  moveTo(digest: Uint8Array, rawBytes: number): void {
    if (this.find(digest) === undefined) this.skip(rawBytes)
  }

  /** The next chunk was not in the parent. */
  skip(rawBytes: number): void {
    this.#at += rawBytes
  }

  /** What a delta of a chunk that is not in the parent should stand on: the whole chunks at the same place. Called before {@link skip}. */
  async base(rawBytes: number): Promise<DeltaBase | undefined> {
    if (this.#failures >= mostFailures && this.#skipped++ % triedAnyway !== 0) return undefined
    const list = this.#list
    const spans: ChunkSpan[] = []
    let count = 0
    let bytes = 0
    try {
      for (let index = list.indexAt(this.#at); index < list.count && list.offset(index) < this.#at + rawBytes; index++) {
        const place = list.place(index)
        const own = place.kind === 'delta' ? await basesOf(this.#packs, place.pack, place.number) : [spanOf(place)]
        const fresh = own.filter(span => !spans.some(known => holds(known, span)))
        count += fresh.reduce((sum, span) => sum + span.count, 0)
        bytes += list.rawBytes(index)
        if (count > mostBaseChunks || bytes > mostBaseBytes) break
        for (const span of fresh) addSpan(spans, span)
      }
      if (spans.length === 0) return undefined
      return { spans, bytes: await readSpans(this.#packs, spans) }
    } catch (error) {
      // A damaged base is no base: the chunk is kept whole.
      if (!isWaymarkError(error)) throw error
      return undefined
    }
  }

  /** Whether the delta paid. */
  tried(paid: boolean): void {
    this.#failures = paid ? 0 : this.#failures + 1
  }
}

const spanOf = ({ pack, number }: ChunkPlace): ChunkSpan => ({ pack, first: number, count: 1 })

function holds(outer: ChunkSpan, inner: ChunkSpan): boolean {
  return (
    packKey(outer.pack) === packKey(inner.pack) &&
    outer.first <= inner.first &&
    inner.first + inner.count <= outer.first + outer.count
  )
}

function addSpan(spans: ChunkSpan[], span: ChunkSpan): void {
  const last = spans.at(-1)
  if (last !== undefined && packKey(last.pack) === packKey(span.pack) && last.first + last.count === span.first) {
    spans[spans.length - 1] = { ...last, count: last.count + span.count }
  } else {
    spans.push(span)
  }
}
