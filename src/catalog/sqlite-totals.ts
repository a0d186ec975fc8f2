import type { SqliteConnection } from './sqlite-connection.ts'
import { catalogDamaged } from './sqlite-fault.ts'
import { checksumOf, numberIn, verifyRow } from './sqlite-rows.ts'

/** What the catalog adds up to. */
export interface Totals {
  readonly runs: number
  readonly checkpoints: number
  /** Of any checkpoint there ever was. */
  readonly highestOrder: number
  /** Sum of the checksums of all rows, modulo 2^32. */
  readonly content: number
  /** Boot of the machine in which the file was last opened for writing; '' where that is unknown. */
  readonly bootId: string
}

export const noTotals: Totals = { runs: 0, checkpoints: 0, highestOrder: 0, content: 0, bootId: '' }

const columns = ['runs', 'checkpoints', 'highest_order', 'content', 'boot_id'] as const
const select = `SELECT ${columns.join(', ')}, checksum FROM total WHERE n = 1`
const update = `UPDATE total SET ${columns.map(column => `${column} = ?`).join(', ')}, checksum = ? WHERE n = 1`
const insert = `INSERT INTO total (n, ${columns.join(', ')}, checksum) VALUES (1, ?, ?, ?, ?, ?, ?)`

/** @throws WaymarkError `corrupt` if the row is missing or damaged */
export function readTotals(connection: SqliteConnection): Totals {
  const row = connection.get(select)
  if (row === undefined) throw catalogDamaged(connection.file, 'its totals are missing')
  verifyRow(connection, 'total', columns, row)
  return {
    runs: numberIn(row, 'runs'),
    checkpoints: numberIn(row, 'checkpoints'),
    highestOrder: numberIn(row, 'highest_order'),
    content: numberIn(row, 'content'),
    bootId: String(row['boot_id']),
  }
}

export function writeTotals(connection: SqliteConnection, totals: Totals): void {
  connection.run(update, ...valuesOf(totals))
}

/** The totals of a new catalog. */
export function createTotals(connection: SqliteConnection): void {
  connection.run(insert, ...valuesOf(noTotals))
}

function valuesOf(totals: Totals): readonly (string | number)[] {
  const values = [totals.runs, totals.checkpoints, totals.highestOrder, totals.content, totals.bootId]
  return [...values, checksumOf('total', values)]
}
