import type { SqliteConnection } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'
import { numberIn } from './sqlite-rows.ts'
import { applicationId, schemaStatements, schemaVersion, summedTables } from './sqlite-schema.ts'
import { createTotals, readTotals, type Totals, writeTotals } from './sqlite-totals.ts'

/** Makes the tables if the file has none. Of several processes one does it. */
export function createSchema(connection: SqliteConnection): void {
  if (!isEmpty(connection)) return
  connection.transaction('BEGIN IMMEDIATE', () => {
    if (!isEmpty(connection)) return
    for (const statement of schemaStatements) connection.exec(statement)
    connection.exec(`PRAGMA application_id = ${applicationId}`)
    connection.exec(`PRAGMA user_version = ${schemaVersion}`)
    createTotals(connection)
  })
}

/** Nothing was ever stored in it. A file that is cut to this is not told from a new one, but neither is it: it has no marks. */
function isEmpty(connection: SqliteConnection): boolean {
  if (pragma(connection, 'application_id') !== 0 || pragma(connection, 'user_version') !== 0) return false
  return connection.get('SELECT name FROM sqlite_schema') === undefined
}

export interface CheckOptions {
  /** A larger file is not checked as a whole. */
  readonly checkedUpToBytes: number
  /** Unless it was last opened in another boot of the machine than this one. */
  readonly bootId: string | undefined
}

/**
 * Proves that the file is a catalog of this version; and, unless it is too large, that every page can be read, that indexes and tables
 * agree, and that the rows are all there and of one age. What a row says is verified when it is read.
 *
 * @throws WaymarkError `corrupt`
 */
export function checkCatalog(connection: SqliteConnection, options: CheckOptions): void {
  const { bootId } = options
  const rebooted = connection.transaction('BEGIN', () => {
    checkSchema(connection)
    const totals = readTotals(connection)
    const otherBoot = bootId !== undefined && bootId !== totals.bootId
    const bytes = pragma(connection, 'page_count') * pragma(connection, 'page_size')
    if (otherBoot || bytes <= options.checkedUpToBytes) checkContents(connection, totals)
    return otherBoot
  })
  if (!rebooted || bootId === undefined) return
  connection.transaction('BEGIN IMMEDIATE', () => writeTotals(connection, { ...readTotals(connection), bootId }))
}

/** A flipped bit in the schema may leave it valid, with another meaning. */
function checkSchema(connection: SqliteConnection): void {
  const found = [pragma(connection, 'application_id'), pragma(connection, 'user_version')]
  if (found[0] !== applicationId || found[1] !== schemaVersion) {
    throw catalogDamaged(connection.file, `it is not a catalog of schema ${schemaVersion}`)
  }
  const rows = connection.all('SELECT sql FROM sqlite_schema ORDER BY rowid')
  if (rows.length !== schemaStatements.length || rows.some((row, index) => row['sql'] !== schemaStatements[index])) {
    throw catalogDamaged(connection.file, 'its schema is not the one of this version')
  }
}

const sums = summedTables.map(table => `coalesce((SELECT sum(checksum) FROM ${table}), 0)`)
const selectActual = `SELECT (${sums.join(' + ')}) % 4294967296 AS content,
  (SELECT count(*) FROM run) AS runs, (SELECT count(*) FROM checkpoint) AS checkpoints,
  coalesce((SELECT max(ord) FROM checkpoint), 0) AS highest_order`

function checkContents(connection: SqliteConnection, totals: Totals): void {
  // Not `quick_check`, which does not look whether an index leads to every row.
  const answer = connection.get('PRAGMA integrity_check(1)')?.['integrity_check']
  if (answer !== 'ok') throw catalogDamaged(connection.file, String(answer))
  const actual = connection.get(selectActual) ?? {}
  const agrees =
    numberIn(actual, 'content') === totals.content &&
    numberIn(actual, 'runs') === totals.runs &&
    numberIn(actual, 'checkpoints') === totals.checkpoints &&
    numberIn(actual, 'highest_order') <= totals.highestOrder
  if (!agrees) throw catalogDamaged(connection.file, 'its rows do not add up to its totals')
}

function pragma(connection: SqliteConnection, name: string): number {
  return numberIn(connection.get(`PRAGMA ${name}`) ?? {}, name)
}
