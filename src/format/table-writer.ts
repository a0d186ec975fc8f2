import { Buffer } from 'node:buffer'
import { columnarOfArrow } from '../tables/arrow-bridge.ts'
import type { ColumnarTable } from '../tables/columnar.ts'
import { contentHash } from '../tables/content-hash.ts'
import { inOrder, schemaFields } from '../tables/schema-fields.ts'
import { type StoredTable, storedTable } from '../tables/stored-table.ts'
import { tableFromRows } from '../tables/table-from-rows.ts'
import type { TableMark } from '../tables/table-mark.ts'
import { TableStream } from '../tables/table-stream.ts'
import type { ItemSink } from './builtin-writers.ts'
import { major } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { refusedValue } from './refused-value.ts'
import { WrittenTable } from './written-table.ts'

/** A table as it will be written. */
export interface PreparedTable {
  readonly table: ColumnarTable
  readonly stored: StoredTable
  /** Of its buffers. */
  readonly bytes: number
}

/** Writes the tables of one value, and remembers which there are. What must be written twice, after an attempt that failed, is made only once. */
export class TableWriter {
  readonly #prepared = new Map<object, PreparedTable>()
  #written: WrittenTable[] = []

  /** In the order of their bytes. */
  get written(): readonly WrittenTable[] {
    return this.#written
  }

  /**
   * @param path of the table inside the whole value
   * @throws WaymarkError `invalid` for what cannot be in a table, with row and column
   */
  prepare(value: object, { schema, order }: TableMark, path: string): PreparedTable {
    const known = this.#prepared.get(value)
    if (known !== undefined) return known
    if (value instanceof TableStream) throw partOfValue(path)
    const rows = Array.isArray(value)
      ? tableFromRows(value, schema === undefined ? undefined : inOrder(schemaFields(schema), order), path)
      : undefined
    const table = rows?.table ?? columnarOfArrow(value)
    const digest = new Uint8Array(Buffer.from(contentHash(table), 'hex'))
    const stored = storedTable(table, rows, digest, schema !== undefined)
    const prepared = { table, stored, bytes: bufferBytes(stored.batches) }
    this.#prepared.set(value, prepared)
    return prepared
  }

  write(value: object, mark: TableMark, path: string, start: number, sink: ItemSink): void {
    const { table, stored } = this.prepare(value, mark, path)
    sink.out.head(major.tag, cborTag.table)
    sink.write(stored)
    this.#written.push(
      new WrittenTable({ path, form: stored.form, digest: Buffer.from(stored.digest).toString('hex'), start }, table),
    )
  }

  /** What was written before stands here again. */
  adopt(tables: readonly WrittenTable[]): void {
    this.#written.push(...tables)
  }

  /** Those whose bytes begin from here on. */
  since(start: number): readonly WrittenTable[] {
    return this.#written.filter(table => table.start >= start)
  }

  /** What was written from here on was taken back. */
  dropFrom(start: number): void {
    if ((this.#written.at(-1)?.start ?? -1) >= start) this.#written = this.#written.filter(table => table.start < start)
  }
}

const partOfValue = (path: string): Error =>
  refusedValue(
    path,
    'a table whose rows come one by one is a whole value, not a part of one',
    'Save it by itself: return table(rows) from a stage of its own; or gather the rows in an array.',
  )

function bufferBytes(stored: unknown): number {
  if (stored instanceof Uint8Array) return stored.length
  if (typeof stored !== 'object' || stored === null) return 0
  return Object.values(stored).reduce((sum: number, member) => sum + bufferBytes(member), 0)
}
