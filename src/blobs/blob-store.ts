/**
 * Where large bytes live: named, immutable, written once. It only moves bytes; what they mean (packs, frames, digests) is the format's business.
 */
export interface BlobStore {
  /**
   * Stores a blob durably: after this resolves it survives a power cut, before that readers find nothing under the name, never a part. Names are random, so a name
   * that exists is a `conflict`. After a rejection nothing is visible; leftovers are removed when they can be.
   */
  put(name: string, parts: readonly Uint8Array[]): Promise<void>
  /** Exactly `length` bytes at `offset`. Rejects with `corrupt` if the blob is missing or shorter: what names a blob was committed after it. */
  read(name: string, offset: number, length: number): Promise<Uint8Array>
  /** Bytes of the blob, or undefined if there is none of this name. */
  size(name: string): Promise<number | undefined>
  /** Removes a blob; resolves if it does not exist. */
  remove(name: string): Promise<void>
  /** Names of all blobs, sorted. */
  list(): Promise<readonly string[]>
}
