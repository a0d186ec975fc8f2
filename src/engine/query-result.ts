import { cellJson } from '../outputs/cell-json.ts'
import { cellText } from '../outputs/cell-text.ts'
import { cellValue } from '../outputs/cell-value.ts'
import { csvOfTable } from '../outputs/table-lines.ts'
import { type Cell, cellReader } from '../tables/arrow-cell.ts'
import type { ColumnarTable, ColumnField, ColumnType } from '../tables/columnar.ts'
import { typeText } from '../tables/type-text.ts'

export interface QueryColumn {
  readonly name: string
  /** In short, as `int64` or `timestamp[us, UTC]`. */
  readonly type: string
  /** Numbers, which stand to the right. */
  readonly isNumber: boolean
}

/** What a query gave. */
export class QueryResult {
  readonly columns: readonly QueryColumn[]
  readonly #table: ColumnarTable

  constructor(table: ColumnarTable) {
    this.#table = table
    this.columns = table.fields.map(({ name, type }) => ({
      name,
      type: typeText(type),
      isNumber: ['int', 'float', 'decimal'].includes(type.kind),
    }))
  }

  get rowCount(): number {
    return this.#table.rowCount
  }

  /** The first rows as texts for people; null where there is no value. */
  texts(limit: number): readonly (readonly (string | null)[])[] {
    return [...this.#rows(limit)].map(row =>
      row.map(({ field, cell }) => (cell === null ? null : shown(field.type, cell, field.name))),
    )
  }

  /** Rows as objects that JSON can hold: whole numbers beyond 2^53, decimals, dates, times and bytes as texts. */
  objects(limit = this.rowCount): readonly Readonly<Record<string, unknown>>[] {
    return [...this.#rows(limit)].map(row =>
      Object.fromEntries(row.map(({ field, cell }) => [field.name, cellValue(field.type, cell, field.name)])),
    )
  }

  /** As a CSV file. */
  csv(): AsyncIterable<Uint8Array> {
    return csvOfTable(this.#table)
  }

  *#rows(limit: number): IterableIterator<readonly { readonly field: ColumnField; readonly cell: Cell }[]> {
    let left = limit
    for (const { rowCount, columns } of this.#table.batches) {
      const readers = this.#table.fields.flatMap((field, at) => {
        const data = columns[at]
        return data === undefined ? [] : [{ field, read: cellReader(field.type, data) }]
      })
      for (let row = 0; row < rowCount && left > 0; row++, left--)
        yield readers.map(({ field, read }) => ({ field, cell: read(row) }))
    }
  }
}

const shown = (type: ColumnType, cell: Exclude<Cell, null>, column: string): string =>
  cellText(type, cell, column) ?? cellJson(type, cell, column)
