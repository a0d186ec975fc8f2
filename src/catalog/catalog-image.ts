import type { SQLInputValue } from 'node:sqlite'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import type { WaymarkError } from '../model/errors.ts'
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

/** SQLite lets pages that it was given grow to 1 GiB: those of a larger catalog are not kept. */
const mostPageBytes = 256 << 20
/** As for the pages of a file. */
const pagePragmas = ['cell_size_check = ON', 'trusted_schema = OFF'] as const

/**
 * All that is in the catalog, as bytes: its pages, or its rows where this Node cannot give pages or they are too many. Of 100,000 checkpoints the pages are 43 MB and take 0.05 s of CPU to keep and as much to put back; the rows
 * 25 MB, 1.4 s and 1.9 s.
 */
export function encodeImage(connection: SqliteConnection): Uint8Array {
  const pages = connection.pages(mostPageBytes)
  return pages === undefined ? encodeRows(connection) : encodeValue([schemaVersion, pages])
}

/** Every row of the catalog, as an image. */
export function encodeRows(connection: SqliteConnection): Uint8Array {
  return connection.transaction('BEGIN', () => {
    const rows = tables.map(table => {
      const found = connection.all(`SELECT * FROM ${table}`)
      return [table, Object.keys(found[0] ?? {}), found.map(row => Object.values(row))]
    })
    return encodeValue([schemaVersion, rows])
  })
}

/**
 * Puts what is in an image into an empty catalog. That it is all there and as it was is checked like a file. Nothing of one that another version made, or whose pages this Node cannot take: that is read from the log.
 *
 * @throws WaymarkError `corrupt` if it is no image of a catalog
 */
export function restoreImage(connection: SqliteConnection, image: Uint8Array): void {
  const value = decoded(image)
  if (!Array.isArray(value) || typeof value[0] !== 'number') throw damagedImage(connection, 'is none')
  const [version, content] = value
  if (content instanceof Uint8Array) {
    if (version !== schemaVersion || content.length > mostPageBytes) return
    if (content.length === 0) throw damagedImage(connection, 'is empty')
    for (const pragma of pagePragmas) connection.all(`PRAGMA ${pragma}`)
    connection.takePages(content)
  } else if (Array.isArray(content)) {
    if (version === schemaVersion) restoreRows(connection, content)
  } else throw damagedImage(connection, 'is none')
}

function restoreRows(connection: SqliteConnection, content: readonly unknown[]): void {
  const damaged = (): WaymarkError => damagedImage(connection, 'names what is not there')
  connection.transaction('BEGIN IMMEDIATE', () => {
    for (const part of content) {
      if (!Array.isArray(part)) throw damaged()
      const [table, columns, rows] = part
      if (!tables.includes(table) || !Array.isArray(columns) || !columns.every(isName) || !Array.isArray(rows)) throw damaged()
      connection.run(`DELETE FROM ${table}`)
      if (rows.length === 0) continue
      const insert = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`
      for (const row of rows) {
        if (!Array.isArray(row) || !row.every(isSqlValue)) throw damagedImage(connection, 'holds what no row can hold')
        connection.run(insert, ...row)
      }
    }
  })
}

const damagedImage = (connection: SqliteConnection, why: string): WaymarkError =>
  catalogDamaged(connection.file, `its image ${why}`)

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
