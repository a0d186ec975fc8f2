import * as crypto from 'node:crypto'
import type { BlobStore } from '../blobs/blob-store.ts'
import { packKey } from '../chunks/chunk-list.ts'
import { type ChunkSpan, decodeDeltaPayload } from '../chunks/delta-payload.ts'
import { PackShelf, type RecordPack } from '../chunks/pack-shelf.ts'
import { readSpans } from '../chunks/read-chunk.ts'
import { inlineWorkbenches, type Workbenches } from '../chunks/workbench.ts'
import { applyDelta } from '../format/delta.ts'
import type { PackReference } from '../format/manifest.ts'
import type { PackReader } from '../format/pack-reader.ts'
import type { ChunkEntry, PackChunk } from '../format/pack-table.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { PackTable } from './verify-pack-table.ts'
import type { VerifyMeter } from './verify-progress.ts'
import { FoundProblem } from './verify-report.ts'

/** Bytes of tables kept: those of the packs that checkpoints of one time share. */
const keptTableBytes = 64 << 20

export interface PackSurveyOptions {
  readonly blobs: BlobStore
  readonly storeId: string
  readonly recordPack: (position: RecordPosition) => Promise<RecordPack>
  /** True: every byte and every chunk. False: indexes and tables, and that deltas have their base. */
  readonly full: boolean
  readonly meter: VerifyMeter
  /** What decodes frames when all of them are read. */
  readonly workbenches: Workbenches
}

/** Frames that are read before they are needed. */
const framesAhead = 6

/** Chunks of a pack that cannot be read, and why. */
interface LostChunks {
  readonly first: number
  readonly end: number
  readonly problem?: FoundProblem
  /** It is a delta whose base is lost. */
  readonly bases?: readonly ChunkSpan[]
}

/** Looks at packs, each once, and says which of their chunks cannot be read. */
export class PackSurvey {
  readonly problems: FoundProblem[] = []
  /** Packs whose own bytes are damaged: all of them are files. */
  readonly damaged = new Set<string>()
  readonly shelf: PackShelf
  readonly #options: PackSurveyOptions
  readonly #surveyed = new Set<string>()
  readonly #lost = new Map<string, LostChunks[]>()
  /** Packs that hold bases of the deltas in a pack. */
  readonly #bases = new Map<string, Set<string>>()
  readonly #tables = new Map<string, PackTable>()
  #tableBytes = 0
  /** Problems with what a repair left out of a pack. */
  readonly #leftOut = new Map<string, FoundProblem>()

  constructor(options: PackSurveyOptions) {
    this.#options = options
    const blobs = counting(options.blobs, bytes => options.meter.count(bytes))
    this.shelf = new PackShelf({
      blobs,
      storeId: options.storeId,
      workbenches: options.full ? options.workbenches : inlineWorkbenches,
      recordPack: options.recordPack,
    })
  }

  /** Packs that a pack stands on. */
  basePacks(pack: PackReference): Iterable<string> {
    return this.#bases.get(packKey(pack)) ?? []
  }

  async survey(pack: PackReference): Promise<void> {
    const key = packKey(pack)
    if (this.#surveyed.has(key)) return
    this.#surveyed.add(key)
    try {
      const reader = await this.shelf.reader(pack)
      const table = new PackTable(reader.chunkCount)
      for (const index of reader.frames.keys()) {
        this.#readAhead(pack, reader, index)
        await this.#frame(pack, reader, index, table)
      }
      this.#keep(key, table)
    } catch (error) {
      const problem = this.#problemOf(pack, error)
      this.#lose(key, { first: 0, end: Number.POSITIVE_INFINITY, problem })
    }
  }

  /** What the tables of a pack say, or undefined if it cannot be opened. */
  async table(pack: PackReference): Promise<PackTable | undefined> {
    const key = packKey(pack)
    const known = this.#tables.get(key)
    if (known !== undefined) {
      this.#tables.delete(key)
      this.#tables.set(key, known)
      return known
    }
    try {
      const reader = await this.shelf.reader(pack)
      const table = new PackTable(reader.chunkCount)
      for (const [index, { firstChunk }] of reader.frames.entries()) {
        const entries = await entriesOf(reader, index)
        for (const [at, entry] of entries.entries()) table.set(firstChunk + at, entry)
      }
      this.#keep(key, table)
      return table
    } catch (error) {
      if (!isPackFault(error)) throw error
      return undefined
    }
  }

  /** Why some of these chunks cannot be read; empty if all can. The pack must have been surveyed. */
  async faultsOf(pack: PackReference, first: number, count: number): Promise<readonly FoundProblem[]> {
    const faults = new Set<FoundProblem>()
    for (const lost of this.#lost.get(packKey(pack)) ?? []) {
      if (lost.first >= first + count || lost.end <= first) continue
      if (lost.problem !== undefined) faults.add(lost.problem)
      for (const base of lost.bases ?? []) {
        await this.survey(base.pack)
        const found = await this.faultsOf(base.pack, base.first, base.count)
        for (const problem of found) faults.add(problem)
      }
    }
    if (faults.size > 0) return [...faults]
    const table = await this.table(pack)
    return table?.bytes(first, count) === undefined ? [this.#leftOutOf(packKey(pack))] : []
  }

  /** So that frames are decoded on other threads while this one looks at deltas, and the disk is not waited for. */
  #readAhead(pack: PackReference, reader: PackReader, index: number): void {
    if (!this.#options.full) return
    // Those that read a base in between said how much that was.
    this.shelf.expect(Number.POSITIVE_INFINITY)
    for (const { firstChunk } of reader.frames.slice(index + 1, index + 1 + framesAhead)) {
      // Whoever comes to it hears of what is wrong with it.
      this.shelf.frameOf(pack, firstChunk).catch(() => {})
    }
  }

  async #frame(pack: PackReference, reader: PackReader, index: number, table: PackTable): Promise<void> {
    const entry = reader.frames[index]
    if (entry === undefined) return
    const { firstChunk, chunks } = entry
    try {
      if (!this.#options.full) {
        const entries = await reader.readTable(index)
        for (const [at, one] of entries.entries()) table.set(firstChunk + at, one)
        if (!entries.some(({ kind }) => kind === 'delta')) return
      }
      const frame = await this.shelf.frameOf(pack, firstChunk)
      for (const [at, chunk] of frame.chunks.entries()) {
        table.set(firstChunk + at, chunk)
        if (chunk.kind === 'delta') await this.#delta(pack, firstChunk + at, chunk)
      }
    } catch (error) {
      this.#lose(packKey(pack), { first: firstChunk, end: firstChunk + chunks, problem: this.#problemOf(pack, error) })
    }
  }

  async #delta(pack: PackReference, number: number, { payload, rawBytes, digest }: PackChunk): Promise<void> {
    const key = packKey(pack)
    const { bases, delta } = decodeDeltaPayload(payload)
    const packs = this.#bases.get(key) ?? new Set<string>()
    for (const base of bases) if (typeof base.pack === 'string') packs.add(base.pack)
    this.#bases.set(key, packs)
    const lost = { first: number, end: number + 1 }
    if (!(await this.#haveBases(bases))) return this.#lose(key, { ...lost, bases })
    if (!this.#options.full) return
    let base: Uint8Array
    try {
      base = await readSpans(this.shelf, bases)
    } catch (error) {
      if (!isPackFault(error)) throw error
      return this.#lose(key, { ...lost, bases })
    }
    if (isDigest(applyDelta(delta, base, rawBytes), digest)) return
    this.#lose(key, {
      ...lost,
      problem: this.#problem(pack, `chunk ${number} of pack ${key}, a delta, has another digest than when it was saved`),
    })
  }

  async #haveBases(bases: readonly ChunkSpan[]): Promise<boolean> {
    for (const { pack, first, count } of bases) {
      const table = await this.table(pack)
      for (let number = first; number < first + count; number++) if (table?.kind(number) !== 'full') return false
    }
    return true
  }

  #keep(key: string, table: PackTable): void {
    this.#tables.set(key, table)
    this.#tableBytes += table.weight
    for (const [oldest, { weight }] of this.#tables) {
      if (this.#tableBytes <= keptTableBytes || oldest === key) return
      this.#tables.delete(oldest)
      this.#tableBytes -= weight
    }
  }

  #lose(key: string, lost: LostChunks): void {
    const all = this.#lost.get(key) ?? []
    all.push(lost)
    this.#lost.set(key, all)
  }

  #problemOf(pack: PackReference, error: unknown): FoundProblem {
    if (!isPackFault(error)) throw error
    return this.#problem(pack, error.message)
  }

  #problem(pack: PackReference, message: string): FoundProblem {
    const name = packKey(pack)
    const known = this.problems.find(problem => problem.name === name && problem.message === message)
    if (known !== undefined) return known
    const problem = new FoundProblem('pack', name, message)
    this.problems.push(problem)
    if (typeof pack === 'string') this.damaged.add(pack)
    return problem
  }

  #leftOutOf(key: string): FoundProblem {
    const known = this.#leftOut.get(key)
    if (known !== undefined) return known
    const problem = new FoundProblem('pack', key, `pack ${key} lacks chunks that checkpoints are made of: a repair left them out`)
    this.#leftOut.set(key, problem)
    this.problems.push(problem)
    return problem
  }
}

/** Damage, or something that this version cannot read: neither can be loaded. */
export const isPackFault = (error: unknown): error is Error =>
  isWaymarkError(error, 'corrupt') || isWaymarkError(error, 'unsupported')

/** A table without its frame; none if it is damaged, which the survey of the pack has told. */
async function entriesOf(reader: PackReader, index: number): Promise<readonly ChunkEntry[]> {
  try {
    return await reader.readTable(index)
  } catch (error) {
    if (!isPackFault(error)) throw error
    return []
  }
}

const isDigest = (bytes: Uint8Array, digest: Uint8Array): boolean => crypto.hash('sha256', bytes, 'buffer').equals(digest)

function counting(blobs: BlobStore, onBytes: (bytes: number) => void): BlobStore {
  return {
    create: name => blobs.create(name),
    flush: () => blobs.flush(),
    size: name => blobs.size(name),
    remove: name => blobs.remove(name),
    list: () => blobs.list(),
    async open(name) {
      const blob = await blobs.open(name)
      return {
        size: blob.size,
        async read(offset, length) {
          const bytes = await blob.read(offset, length)
          onBytes(bytes.length)
          return bytes
        },
        close: () => blob.close(),
      }
    },
  }
}
