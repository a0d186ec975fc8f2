/** How much of an output counts. Every kind has a `path`: how it is shown to people. */
export type OutputPosition = FilePosition | PartsPosition | FolderPosition | TablePosition | CallbackPosition

/** How much of a file of lines counts. */
export interface FilePosition {
  readonly kind?: undefined
  /** As the pipeline gave it. */
  readonly path: string
  /** Bytes. */
  readonly length: number
  /** SHA-256 in hex over the last up to 4,096 bytes before `length`. */
  readonly tail: string
  readonly columns?: readonly string[]
  /** Where this run's part begins in a file that is appended to, in bytes. */
  readonly startedAt?: number
}

/** Which part files of a folder count: each is published whole, after the record that counts it. */
export interface PartsPosition {
  readonly kind: 'parts'
  /** The folder, as the pipeline gave it. */
  readonly path: string
  /** Parts that count. Their names follow from their numbers. */
  readonly parts: number
  /** Rows that count, in the parts and pending. */
  readonly rows: number
  /** Bytes of all these parts. */
  readonly bytes?: number
  /** Fencing token of the owner that made the newest of them: part of their names until they are published. */
  readonly token?: number
  /** Names and types, once a part was made. */
  readonly columns?: readonly (readonly [name: string, type: string])[]
  /** Rows that count and are in no part yet: encoded, one in a line, in a hidden file of the folder. Its path is a name in the folder. */
  readonly pending?: FilePosition
}

/** How many files of a folder count: one for each result, shown after the record that counts it. */
export interface FolderPosition {
  readonly kind: 'folder'
  /** As the pipeline gave it. */
  readonly path: string
  readonly count: number
  /** Their names, one in a line, in a hidden file of the folder. */
  readonly names?: FilePosition
  /** Fencing token of the owner that wrote the newest of them: part of their names until they are shown. */
  readonly token?: number
}

/** What is committed in a table of the user's database, as that database says in the same transaction. */
export interface TablePosition {
  readonly kind: 'table'
  /** `sqlite:data/shop.db#orders`, `postgres:orders`. */
  readonly path: string
  /** Random, one for each time that a stage's output was begun: tells progress committed there from that of a run or a redo before. */
  readonly generation: string
  /** Flushes committed there for this stage of the run. */
  readonly sequence: number
  readonly rows: number
}

/** What a function was given. */
export interface CallbackPosition {
  readonly kind: 'callback'
  readonly path: string
  readonly count: number
}
