/** A run of the bytes written. */
export interface WrittenPiece {
  readonly bytes: Uint8Array
  /** Whether it is the live memory of a value (or a copy of it in another byte order), and not made by the writer. */
  readonly isLeaf: boolean
  /** What was inserted instead of bytes, as it was given. */
  readonly marker?: object
}
