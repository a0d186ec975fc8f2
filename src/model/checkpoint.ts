import type { TableFacts } from './table-facts.ts'

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
  /** One or a few sentences for people. */
  readonly description?: string
  /** Wall milliseconds after which it counts as expired. Absent: never. */
  readonly expiresAt?: number
  /** The checkpoint it was saved against. */
  readonly parent?: string
  /** `sha256:<hex>` of the encoded value, or `chunks:sha256:<hex>` of the digests of its chunks: see `docs/format.md`. */
  readonly digest: string
  readonly encoding: CheckpointEncoding
  /** Only where `encoding` is `rows`: how many. */
  readonly rows?: number
  /** The tables in the value, in the order of their bytes; at most {@link mostTables}. Absent: none. */
  readonly tables?: readonly CheckpointTable[]
  /** How many there are, where they are more. */
  readonly tableCount?: number
  /** Bytes of the encoded value. */
  readonly logicalBytes: number
  /** Bytes it takes in the store. */
  readonly storedBytes: number
  /** Where the bytes are. Other kinds come with later formats; a reader refuses kinds it does not know. */
  readonly content: InlineContent | PackContent | ChunksContent
}

/** Of a checkpoint with more tables no more are described. */
export const mostTables = 100

/** A table in the value of a checkpoint. */
export interface CheckpointTable {
  /** Where it is inside the value; '' is the value itself. */
  readonly path: string
  /** What it is loaded as: an array of rows, or an Arrow table. */
  readonly form: 'rows' | 'arrow'
  /** It is loaded as a `TableStream` of rows, or of batches of Arrow. */
  readonly streamed?: true
  /** SHA-256 of its content in hex, whatever the order of its rows: `docs/table-hash.md`. */
  readonly digest: string
  /** Shape, columns, and what they hold. */
  readonly facts: TableFacts
}

/** What the bytes are: one value, a stream of bytes, a sequence of values (one a row), or files. */
export type CheckpointEncoding = 'cbor' | 'bytes' | 'rows' | 'files'

/** The encoded value inside the log record itself. */
export interface InlineContent {
  readonly kind: 'inline'
  readonly bytes: Uint8Array
}

/** The encoded value in a pack of format 1: frames `first` to `first + count - 1`, in order. */
export interface PackContent {
  readonly kind: 'pack'
  readonly pack: string
  readonly first: number
  readonly count: number
}

/** The encoded value as chunks, which may be shared with other checkpoints. */
export interface ChunksContent {
  readonly kind: 'chunks'
  /** Names the chunks, in order. */
  readonly manifest: Uint8Array
  /** A pack of the chunks that are new with this checkpoint, where they are few. */
  readonly pack?: Uint8Array
}
