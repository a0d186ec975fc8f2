import type { DatabaseSync } from 'node:sqlite'
import { WaymarkError } from '../model/errors.ts'
import type { TablePosition } from '../model/output-position.ts'
import { type ItemTarget, type OpenedOutput, type OutputContext, targetBrand } from './item-target.ts'
import { checkTableOptions, quoted, type SqlTableOptions, type TableChoice } from './sql-options.ts'
import { inTable, startOfTable } from './sql-position.ts'
import { decideOpening, encodeFlushes, type OpeningFacts } from './sql-progress.ts'
import { checkLocation, placeOfDatabase, SqliteHandle, type SqliteLocation, shownLocation } from './sqlite-handle.ts'
import { SqliteOutput } from './sqlite-output.ts'
import { SqliteProgress } from './sqlite-progress.ts'
import { readColumns } from './sqlite-schema.ts'

export interface SqliteTableOptions<Column extends string = string> extends SqlTableOptions<Column> {
  /** Where the table is missing: `true` makes one from the first rows (the key becomes its primary key), a text is the statement that makes it. The file is made too. Default false. */
  readonly create?: boolean | string | undefined
  /** How long to wait for another process that holds the database, in milliseconds. Default 30,000. */
  readonly busyTimeoutMs?: number | undefined
}

const defaultBusyTimeoutMs = 30_000

/**
 * A table of a SQLite database as an output: a row for each result, exactly once each, since rows and progress (in a small table, `waymark_progress`) are committed in one transaction.
 *
 * @example
 * await run.each('load', orders, enrich, { output: sqliteTable('data/shop.db', { table: 'orders', key: 'id', create: true }) })
 * @throws WaymarkError `invalid`
 */
export function sqliteTable(database: string | DatabaseSync, options: SqliteTableOptions): ItemTarget<object>
export function sqliteTable<T extends object>(
  database: string | DatabaseSync,
  options: SqliteTableOptions<keyof T & string>,
): ItemTarget<T>
export function sqliteTable(database: string | DatabaseSync, options: SqliteTableOptions): ItemTarget<object> {
  const location = checkLocation('sqliteTable', database)
  const choice = checkTableOptions(`sqliteTable(${JSON.stringify(shownLocation(location))})`, options, 'statement or true')
  const busyTimeoutMs = checkTimeout(options.busyTimeoutMs ?? defaultBusyTimeoutMs)
  const shown = `${shownLocation(location)}#${choice.table}`
  let places = 0
  return {
    [targetBrand]: true,
    shown,
    // Only who empties the table minds others; rows of two stages can go to one.
    place: baseDirectory => `${placeOfDatabase(location, baseDirectory)}#${choice.table}${choice.replace ? '' : ` ${++places}`}`,
    begin: async () => startOfTable(shown),
    open: (context, position) =>
      openTable(context, inTable(position, shown, context.stage), { location, choice, busyTimeoutMs, shown }),
  }
}

interface Opened {
  readonly location: SqliteLocation
  readonly choice: TableChoice
  readonly busyTimeoutMs: number
  readonly shown: string
}

async function openTable(context: OutputContext, position: TablePosition, opened: Opened): Promise<OpenedOutput> {
  const { location, choice, busyTimeoutMs, shown } = opened
  const { stage, token, clock } = context
  const facts: OpeningFacts = { shown, stage, token, target: choice.table }
  const handle = await SqliteHandle.open(location, {
    ...facts,
    files: context.files,
    baseDirectory: context.baseDirectory,
    create: choice.create !== false && position.sequence === 0,
  })
  try {
    const progress = new SqliteProgress(handle, context)
    const opening = await handle.write(
      () => {
        progress.createTable()
        const decided = decideOpening(progress.read(), position, facts)
        const columns = readColumns(handle, choice, facts, position.sequence === 0)
        const { sequence, rows, generation } = decided.position
        progress.put({ generation, target: choice.table, token, sequence, rows, flushes: encodeFlushes(decided.flushes) })
        if (decided.how === 'begin' && choice.replace && columns.length > 0)
          handle.database.exec(`DELETE FROM ${quoted(choice.table)}`)
        return { ...decided, columns }
      },
      { clock, busyTimeoutMs },
    )
    const output = new SqliteOutput({ ...facts, handle, progress, choice, clock, busyTimeoutMs, opening })
    return { output, recovered: opening.recovered }
  } catch (error) {
    handle.close()
    throw error
  }
}

function checkTimeout(busyTimeoutMs: unknown): number {
  if (typeof busyTimeoutMs === 'number' && busyTimeoutMs >= 0) return busyTimeoutMs
  throw new WaymarkError('invalid', {
    message: `busyTimeoutMs of sqliteTable is ${typeof busyTimeoutMs === 'number' ? busyTimeoutMs : typeof busyTimeoutMs}`,
    means: 'Nothing was read or written.',
    remedy: 'Give milliseconds: busyTimeoutMs: 30_000.',
  })
}
