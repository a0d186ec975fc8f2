import { isWaymarkError, WaymarkError } from '../model/errors.ts'

/** A Parquet file and what it is read for: what a message says of what was done, and what to do, differ. */
export interface ParquetUse {
  /** How messages name it. */
  readonly shown: string
  /** `items`: given one after another. `table`: saved as a whole. Default `items`. */
  readonly use?: 'items' | 'table'
}

/** What is whole, but cannot be read, with what helps: another copy of the file does not. */
export class UnreadableColumn extends Error {
  override readonly name = 'UnreadableColumn'
  readonly remedy: string
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, remedy: string, details: Readonly<Record<string, unknown>>) {
    super(message)
    this.remedy = remedy
    this.details = details
  }
}

/**
 * What `read` gives; what it throws as an error that names the file, and the column where it is given.
 *
 * @throws WaymarkError `invalid`, or as `read` threw it
 */
export async function reading<T>(source: ParquetUse, read: () => Promise<T>, column?: string): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (isWaymarkError(error)) throw error
    throw unreadable(source, column === undefined ? reasonOf(error) : `the column ${column}: ${reasonOf(error)}`, error)
  }
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export function unreadable({ shown, use = 'items' }: ParquetUse, reason: string, cause?: unknown): WaymarkError {
  const known = cause instanceof UnreadableColumn ? cause : undefined
  return new WaymarkError('invalid', {
    message: `${shown} cannot be read as Parquet: ${reason}`,
    means: use === 'table' ? 'Nothing was saved.' : 'Items of row groups before were given; nothing was changed.',
    remedy: known?.remedy ?? 'Put a whole file there: it may be cut off, damaged, or no Parquet file at all.',
    ...(cause === undefined ? {} : { cause }),
    details: { file: shown, ...known?.details },
  })
}
