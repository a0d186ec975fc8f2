import type { SavedContent } from './chunk-contents.ts'

/** A save that was begun, and what its caller was told. */
export interface SaveAttempt {
  /** Unique; stands in the checkpoint's metadata. */
  readonly name: string
  readonly content: SavedContent
  /** The last operation of the disk when it began. */
  readonly began: number
  /** Set once it was acknowledged: by which operation, the checkpoint, and the files that packs and their parity were in then. */
  acknowledged?: { readonly after: number; readonly id: string; readonly order: number; readonly packs: readonly string[] }
  /** Set once its deletion was begun. */
  deleting?: number
  deleted?: number
}

/** What was asked of a store and what was acknowledged, with the operation of the disk it is known by. */
export class ChunkFacts {
  readonly #attempts: Map<string, SaveAttempt>

  constructor(attempts: Iterable<SaveAttempt> = []) {
    this.#attempts = new Map(Array.from(attempts, attempt => [attempt.name, attempt]))
  }

  begin(name: string, content: SavedContent, began: number): SaveAttempt {
    if (this.#attempts.has(name)) throw new Error(`${name} is saved twice`)
    const attempt: SaveAttempt = { name, content, began }
    this.#attempts.set(name, attempt)
    return attempt
  }

  get(name: string): SaveAttempt | undefined {
    return this.#attempts.get(name)
  }

  get attempts(): readonly SaveAttempt[] {
    return [...this.#attempts.values()]
  }

  /** What was known right after an operation: a crash then may take the rest. Numbers of what stays begin anew, with 0. */
  upTo(operation: number): ChunkFacts {
    const kept: SaveAttempt[] = []
    for (const { name, content, began, acknowledged, deleting, deleted } of this.#attempts.values()) {
      if (began > operation) continue
      const attempt: SaveAttempt = { name, content, began: 0 }
      if (acknowledged !== undefined && acknowledged.after <= operation) attempt.acknowledged = { ...acknowledged, after: 0 }
      if (deleting !== undefined && deleting <= operation) attempt.deleting = 0
      if (deleted !== undefined && deleted <= operation) attempt.deleted = 0
      kept.push(attempt)
    }
    return new ChunkFacts(kept)
  }
}
