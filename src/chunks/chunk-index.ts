import type { PackReference } from '../format/manifest.ts'

/**
 * Which pack holds a chunk of this digest. Only a hint: whoever follows it reads the pack's own table, so a wrong, old or missing answer costs space and never data. It is kept beside the
 * catalog, not in it, because the log does not say what it holds; it can be deleted at any time.
 */
export interface ChunkIndex {
  /** For each digest the pack it was seen in, or undefined. */
  find(digests: readonly Uint8Array[]): Promise<readonly (PackReference | undefined)[]>
  /** Remembers chunks of packs that are durable, and whose record is, soon: any process may find them. Never fails: what is not remembered is stored again. */
  add(entries: readonly ChunkIndexEntry[]): void
  close(): Promise<void>
}

export interface ChunkIndexEntry {
  readonly digest: Uint8Array
  readonly pack: PackReference
}

/**
 * Whether a chunk is among those the index remembers: one of 16, by its digest. Who finds one of them looks into the whole pack for its neighbours, so that a long run of known chunks is found
 * by any of them, for a sixteenth of the rows.
 */
export const isSampled = (digest: Uint8Array): boolean => ((digest[0] ?? 0) & 15) === 0

/** For a store whose index cannot be opened: nothing is known, and more is stored. */
export const noChunkIndex: ChunkIndex = {
  find: async digests => digests.map(() => undefined),
  add: () => {},
  close: async () => {},
}
