import type { SQLInputValue } from 'node:sqlite'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { SqliteConnection, SqlRow } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'
import { schemaVersion, summedTables } from './sqlite-schema.ts'

/** Where the rows of a catalog in memory are kept from one opening to the next. */
export interface CatalogImage {
  /** Undefined where there is none that can be read. */
  read(): Promise<Uint8Array | undefined>
  /** Never rejects: what is not kept is read from the log again. */
  write(image: Uint8Array): Promise<void>
}

const tables = [...summedTables, 'total'] as const

/** Every row of the catalog, as bytes. */
export function encodeImage(connection: SqliteConnection): Uint8Array {
  return connection.transaction('BEGIN', () => {
    const rows = tables.map(table => {
      const found = connection.all(`SELECT * FROM ${table}`)
      return [table, Object.keys(found[0] ?? {}), found.map(row => Object.values(row))]
    })
    return encodeValue([schemaVersion, rows])
  })
}

/**
 * Puts the rows of an image into an empty catalog. That they are all there and as they were is checked like those of a file. Nothing of one that another version made: its rows are read from the log.
 *
 * @throws WaymarkError `corrupt` if it is no image of a catalog
 */
export function restoreImage(connection: SqliteConnection, image: Uint8Array): void {
  const damaged = (why: string) => catalogDamaged(connection.file, `its image ${why}`)
  const value = decoded(image)
  if (!Array.isArray(value) || typeof value[0] !== 'number' || !Array.isArray(value[1])) throw damaged('is none')
  if (value[0] !== schemaVersion) return
  connection.transaction('BEGIN IMMEDIATE', () => {
    for (const [table, columns, rows] of value[1]) {
      if (!tables.includes(table) || !Array.isArray(columns) || !columns.every(isName) || !Array.isArray(rows))
        throw damaged('names what is not there')
      connection.run(`DELETE FROM ${table}`)
      if (rows.length === 0) continue
      const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
      for (const row of rows) {
        if (!Array.isArray(row) || !row.every(isSqlValue)) throw damaged('holds what no row can hold')
        connection.run(insert, ...row)
      }
    }
  })
}

function decoded(image: Uint8Array): unknown {
  try {
    return decodeValue(image)
  } catch {
    return undefined
  }
}

const isName = (column: unknown): column is string => typeof column === 'string' && /^[a-z_]+$/.test(column)

const isSqlValue = (value: unknown): value is SQLInputValue & SqlRow[string] =>
  value === null ||
  typeof value === 'number' ||
  typeof value === 'string' ||
  typeof value === 'bigint' ||
  value instanceof Uint8Array
