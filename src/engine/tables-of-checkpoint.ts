import type { WrittenTable } from '../format/written-table.ts'
import { type CheckpointRecord, type CheckpointTable, mostTables } from '../model/checkpoint.ts'

/** What a record says of the tables in the value of its checkpoint; empty where there are none. */
export type TablesOfCheckpoint = Pick<CheckpointRecord, 'tables' | 'tableCount'>

/** Works out their facts: to be called while the value still is what was written. */
export const tablesOfCheckpoint = (written: readonly WrittenTable[]): TablesOfCheckpoint =>
  cappedTables(
    written.slice(0, mostTables).map(({ path, form, digest, facts }) => ({ path, form, digest, facts })),
    written.length,
  )

export function cappedTables(tables: readonly CheckpointTable[], count: number): TablesOfCheckpoint {
  if (count === 0) return {}
  const described = tables.slice(0, mostTables)
  return { tables: described, ...(count > described.length ? { tableCount: count } : {}) }
}
