import type { CheckpointQuery } from '../catalog/catalog.ts'
import type { ChunkStore, KeptChunks, SavedBytes } from '../chunks/chunk-store.ts'
import type { Log } from '../log/log.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { CheckpointView, RecordPosition } from '../model/run-view.ts'
import type { CatalogFeed } from './catalog-feed.ts'
import { chunksContentAt } from './record-content.ts'

/** Streams of checkpoints whose newest is kept in memory. */
const mostKept = 16
/** Checkpoints looked at, newest first, for one that a save can stand on. */
const mostTried = 4
/** Saves whose record is not yet there. */
const mostPending = 256

/** A checkpoint that the next of its kind is expected to resemble. */
export interface Parent {
  readonly id: string
  readonly chunks: KeptChunks
}

/** What says which checkpoints follow one another. */
export interface Lineage {
  readonly run?: string | undefined
  readonly stage?: string | undefined
  readonly type: string
}

export interface ParentsOptions {
  readonly chunks: ChunkStore
  readonly feed: CatalogFeed
  readonly log: Log
}

interface PendingSave {
  /** Of the lineage. */
  readonly key: string
  readonly saved: SavedBytes
  /** Whether what it stands on may still be remembered. */
  readonly holds: () => boolean
  readonly keep: ((id: string, chunks: KeptChunks['chunks']) => void) | undefined
}

/**
 * Finds the checkpoint a save stands on: the newest of the same run and stage; else of the same stage in any run; without a stage the newest of the run, or the one this process saved last. What
 * it finds only decides how much is stored: any answer, or none, gives the same checkpoint.
 */
export class Parents {
  readonly #options: ParentsOptions
  readonly #newest = new Map<string, Parent>()
  readonly #pending = new Map<string, PendingSave>()

  constructor(options: ParentsOptions) {
    this.#options = options
  }

  /** The newest that this process saved. */
  newest(lineage: Lineage): Parent | undefined {
    return this.#newest.get(keyOfLineage(lineage))
  }

  /** The parent, or undefined where there is none that can be read. */
  async find(lineage: Lineage): Promise<Parent | undefined> {
    const known = this.newest(lineage)
    if (known !== undefined) return known
    for (const query of queriesOf(lineage)) {
      for (const view of await this.#options.feed.query(catalog => catalog.checkpoints({ ...query, limit: mostTried }))) {
        const parent = await this.of(view)
        if (parent !== undefined) return parent
      }
    }
    return undefined
  }

  /** A checkpoint as a parent; undefined if it is not made of chunks, cannot be read, or may not outlast a power cut. */
  async of(view: CheckpointView): Promise<Parent | undefined> {
    if (view.content.kind !== 'chunks' || !(await this.#isDurable(view.record))) return undefined
    try {
      const content = await chunksContentAt(this.#options.log, view.record)
      return { id: view.id, chunks: await this.#options.chunks.keptChunks(content, view.record) }
    } catch (error) {
      if (!isWaymarkError(error)) throw error
      return undefined
    }
  }

  /** A record that another process wrote, and was killed before it was synced, is found all the same: what stands on it would be lost with it. */
  async #isDurable({ segment, offset, length }: RecordPosition): Promise<boolean> {
    const [mark] = await this.#options.feed.query(catalog => catalog.marks([segment]))
    return mark !== undefined && offset + length <= mark.provenEnd
  }

  /** What is known of earlier saves may no longer be so. */
  forget(): void {
    this.#newest.clear()
  }

  /** The bytes of a checkpoint are durable; its record is not there yet. */
  saved(id: string, lineage: Lineage, saved: SavedBytes, holds: PendingSave['holds'], keep: PendingSave['keep']): void {
    this.#pending.set(id, { key: keyOfLineage(lineage), saved, holds, keep })
    const [oldest] = this.#pending.keys()
    if (this.#pending.size > mostPending && oldest !== undefined) this.#pending.delete(oldest)
  }

  /** The record of a checkpoint is there; `isDurable` false: a power cut may yet take it. */
  recorded(id: string, position: RecordPosition, isDurable = true): void {
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    if (!pending.holds()) return
    const { chunks, lists } = pending.saved
    this.#newest.delete(pending.key)
    this.#newest.set(pending.key, { id, chunks: { chunks, lists } })
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > mostKept && oldest !== undefined) this.#newest.delete(oldest)
    this.#options.chunks.committed(pending.saved, position, isDurable)
    pending.keep?.(id, chunks)
  }
}

export const keyOfLineage = ({ run, stage, type }: Lineage): string => JSON.stringify([run, stage, type])

function queriesOf({ run, stage, type }: Lineage): readonly CheckpointQuery[] {
  if (stage !== undefined) return [...(run === undefined ? [] : [{ run, stage, type }]), { stage, type }]
  return run === undefined ? [] : [{ run, type }]
}
