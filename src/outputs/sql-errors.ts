import { WaymarkError } from '../model/errors.ts'

/** What an error about a table names. */
export interface TablePlace {
  /** `postgres:orders`, `sqlite:shop.db#orders`. Never a secret. */
  readonly shown: string
  readonly stage: string
}

/** An item, as messages name it: its key, or its index. */
export interface NamedItem {
  readonly index: number
  readonly key: string | undefined
}

const nameOf = ({ index, key }: NamedItem): string => (key === undefined ? `item ${index}` : `item ${JSON.stringify(key)}`)

/** Why a value cannot be written, before it is known which item and column it belongs to. */
export class UnfitValue extends Error {}

/** A row that cannot be written: nothing of its batch is. */
export function unfitRow(
  { shown, stage }: TablePlace,
  item: NamedItem,
  what: string,
  details: { readonly column?: string | undefined; readonly cause?: unknown; readonly remedy?: string } = {},
): WaymarkError {
  const { column, cause, remedy } = details
  return new WaymarkError('invalid', {
    message: `${nameOf(item)} cannot be written to ${shown}${column === undefined ? '' : `, column ${JSON.stringify(column)}`}: ${what}`,
    means: 'Nothing of the item was written; what was saved before it is committed.',
    remedy: remedy ?? 'Let the function return what the table takes (or set such items aside), then resume the run.',
    cause,
    details: {
      stage,
      table: shown,
      index: item.index,
      ...(item.key === undefined ? {} : { key: item.key }),
      ...(column === undefined ? {} : { column }),
    },
  })
}

/** The table, or what is asked of it, is not there: found before a row was written. */
export function unfitTable({ shown, stage }: TablePlace, what: string, remedy: string, cause?: unknown): WaymarkError {
  return new WaymarkError('invalid', {
    message: `${shown} ${what}`,
    means: 'No item of this stage was called in this attempt.',
    remedy,
    cause,
    details: { stage, table: shown },
  })
}

/** A newer owner has the run: whatever this one still wants to write is refused. */
export function fencedTable({ shown, stage }: TablePlace, token: number): WaymarkError {
  return new WaymarkError('fenced', {
    message: `another process has taken over ${stage}, and writes ${shown}`,
    means: 'Nothing of this batch was written; the other process goes on from what is committed.',
    remedy: 'Let the other process finish; nothing is left to do here.',
    details: { stage, table: shown, token },
  })
}

/** The database does not say what the log says. */
export function tableConflict(
  { shown, stage }: TablePlace,
  what: string,
  details: Readonly<Record<string, unknown>>,
): WaymarkError {
  return new WaymarkError('conflict', {
    message: `${shown}: ${what}`,
    means: 'Going on would leave rows missing or doubled, so nothing was changed.',
    remedy: `Put the database back as it was (a newer backup), or write the rows anew: --redo ${stage}`,
    details: { stage, table: shown, ...details },
  })
}
