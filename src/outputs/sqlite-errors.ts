import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { cannotGrowSharedMemory, sqliteKind as kind, sqliteCodeOf } from '../model/sqlite-codes.ts'
import { type NamedItem, type TablePlace, unfitRow } from './sql-errors.ts'

/** Kinds that say something about a row, not about the database. `error` (1) is what a trigger raises, and a statement that does not fit the table. */
const ofARow: ReadonlySet<number> = new Set([kind.error, kind.tooBig, kind.constraint, kind.mismatch])

/** A row was refused: the error underneath, and whose row it is. */
export class RefusedRow extends Error {
  readonly item: NamedItem
  constructor(item: NamedItem, cause: unknown) {
    super('a row was refused', { cause })
    this.item = item
  }
}

/** Somebody else holds the database, or a table of it: worth another try. */
export function isBusy(error: unknown): boolean {
  const inner = error instanceof RefusedRow ? error.cause : error
  const code = sqliteCodeOf(inner) & 0xff
  return code === kind.busy || code === kind.locked
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** An error of node:sqlite as an error for the user. A WaymarkError passes through unchanged. */
export function sqliteError(error: unknown, place: TablePlace): WaymarkError {
  if (isWaymarkError(error)) return error
  if (error instanceof RefusedRow) {
    const code = sqliteCodeOf(error.cause)
    if (ofARow.has(code & 0xff) || code === 0) return unfitRow(place, error.item, messageOf(error.cause), { cause: error.cause })
    return sqliteError(error.cause, place)
  }
  const { shown, stage } = place
  const code = sqliteCodeOf(error)
  const means = 'Rows committed so far are safe; those of this batch were not written, and their items are called again.'
  const text = (message: string, remedy: string, retryable: boolean) => ({
    message: `${shown}: ${message}`,
    means,
    remedy,
    retryable,
    cause: error,
    details: { stage, table: shown, sqliteCode: code },
  })
  const reason = messageOf(error)
  switch (code & 0xff) {
    case kind.busy:
    case kind.locked:
      return new WaymarkError(
        'unavailable',
        text(
          'another process holds the database',
          'Let it finish, then run the same command again; PRAGMA journal_mode=WAL lets readers and a writer work side by side.',
          true,
        ),
      )
    case kind.full:
      return new WaymarkError('disk_full', text('no space is left on the disk', fullRemedy, true))
    case kind.ioError:
      if (code === cannotGrowSharedMemory)
        return new WaymarkError('disk_full', text('no space is left on the disk', fullRemedy, true))
      return new WaymarkError('unavailable', text(reason, 'Check the disk (dmesg, df), then run the same command again.', true))
    case kind.readonly:
    case kind.cannotOpen:
      return new WaymarkError(
        'unavailable',
        text(reason, 'Make the file and its folder writable for this user, then resume the run.', false),
      )
    case kind.corrupt:
    case kind.notADatabase:
      return new WaymarkError(
        'corrupt',
        text(reason, 'Restore the database from a backup; PRAGMA integrity_check says what is damaged.', false),
      )
    case kind.error:
    case kind.constraint:
      return new WaymarkError('invalid', text(reason, 'Mend the statement or the table, then resume the run.', false))
  }
  return new WaymarkError('internal', text(reason, 'Report this with the stack below.', false))
}

const fullRemedy = 'Free some space on that disk, then run the same command again.'
