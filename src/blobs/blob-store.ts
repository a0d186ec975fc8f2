/**
 * Where large bytes live: named, immutable, written once. It only moves bytes; what they mean (packs, frames, digests) is the format's business.
 */
export interface BlobStore {
  /** Begins a blob. Names are random, so a name that exists is a `conflict`. Nothing is visible under the name before {@link BlobWriter.seal}. */
  create(name: string): Promise<BlobWriter>
  /** Makes the names of all sealed blobs durable: after it resolves they survive a power cut. Rejects if the disk says no; the names are then unknown, not absent. */
  flush(): Promise<void>
  /** Opens a blob for reading. Rejects with `corrupt` if there is none: what names a blob was committed after it. */
  open(name: string): Promise<BlobReader>
  /** Bytes of the blob, or undefined if there is none of this name. */
  size(name: string): Promise<number | undefined>
  /** Removes a blob; resolves if it does not exist. */
  remove(name: string): Promise<void>
  /** Names of all blobs, sorted. */
  list(): Promise<readonly string[]>
}

/** A blob that is being written. After any rejection it must be abandoned: whether its bytes will last is unknown, and it is never synced again. */
export interface BlobWriter {
  /** Adds bytes, which must not change before it resolves. Calls may overlap; the bytes stand in the order of the calls. */
  append(parts: readonly Uint8Array[]): Promise<void>
  /** Makes the bytes durable, then gives them their name. A reader finds all of it or nothing. */
  seal(): Promise<void>
  /** Gives it up, sealed or not, and removes what can be removed. Never rejects. */
  abandon(): Promise<void>
}

/** A blob that is being read. */
export interface BlobReader {
  readonly size: number
  /** Exactly `length` bytes at `offset`, the caller's own. Rejects with `corrupt` if the blob is shorter. */
  read(offset: number, length: number): Promise<Uint8Array>
  /** Idempotent. */
  close(): Promise<void>
}
