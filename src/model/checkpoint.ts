/** One committed state, as the log records it. Immutable. */
export interface CheckpointRecord {
  readonly id: string
  readonly run?: string
  /** Path of the stage inside the run. */
  readonly stage?: string
  /** `stage` results, `result` of a run, `items` of a stage without output, or the caller's own. */
  readonly type: string
  /** Wall milliseconds. For people; order is decided by `order`. */
  readonly createdAt: number
  /** Grows with every checkpoint, also when the clock goes backwards: newest means highest. */
  readonly order: number
  readonly tags: readonly string[]
  readonly metadata: Readonly<Record<string, unknown>>
  /** `sha256:<hex>` of the encoded value. */
  readonly digest: string
  readonly encoding: 'cbor'
  /** Bytes of the encoded value. */
  readonly logicalBytes: number
  /** Bytes it takes in the store. */
  readonly storedBytes: number
  /** Where the bytes are. Other kinds come with later formats; a reader refuses kinds it does not know. */
  readonly content: InlineContent | PackContent
}

/** The encoded value inside the log record itself. */
export interface InlineContent {
  readonly kind: 'inline'
  readonly bytes: Uint8Array
}

/** The encoded value in a pack: frames `first` to `first + count - 1`, in order. */
export interface PackContent {
  readonly kind: 'pack'
  readonly pack: string
  readonly first: number
  readonly count: number
}
