import type { FileSystem } from '../files/file-system.ts'
import type { InputRecord } from '../model/records.ts'

/** The same in every copy of this package that is loaded. */
export const sourceBrand: unique symbol = Symbol.for('waymark.item-source')

export interface SourceContext {
  readonly files: FileSystem
  /** Where a relative path begins. */
  readonly baseDirectory: string
  readonly signal: AbortSignal
}

/** A source that has been looked at. */
export interface OpenedSource {
  /** How the log knows it again. `keys`: nothing tells whether it is the same, so items need a key. */
  readonly record: InputRecord
  /** Undefined until the end is reached. */
  readonly total: number | undefined
  /** Items in order, read as they are asked for; memory holds about one batch. */
  batches(): AsyncIterable<readonly unknown[]>
}

/** Items from somewhere: a Parquet file, the result of a query. */
export interface ItemSource<out R = unknown> {
  readonly [sourceBrand]: true
  /** For the compiler only: what is read. */
  readonly gives?: () => R
  /** How messages and records name it. Never a secret. */
  readonly shown: string
  /** @throws WaymarkError `not_found`, `invalid`, `unavailable` */
  open(context: SourceContext): Promise<OpenedSource>
}

export const isItemSource = (value: unknown): value is ItemSource =>
  typeof value === 'object' && value !== null && sourceBrand in value && value[sourceBrand] === true
