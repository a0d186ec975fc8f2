/** A place for bytes that are needed again before a table is done, and are more than memory should hold. */
export interface Scratch {
  /** Keeps a copy behind what was kept before. Resolves with the position. */
  append(bytes: Uint8Array): Promise<number>
  /** What was kept at `position`, in memory of its own: all `length` bytes, which may reach over several that were appended one behind the other. */
  read(position: number, length: number): Promise<Uint8Array>
}
