/**
 * A table in columns, in the physical layout of Apache Arrow (https://arrow.apache.org/docs/format/Columnar.html): what every part of Waymark
 * that deals with tables works on, whatever form the user gave. Only data, without a library: an Arrow table is taken apart into this and put together again from it.
 */
export interface ColumnarTable {
  readonly fields: readonly ColumnField[]
  /** Of the schema, as Arrow has it. */
  readonly metadata?: ReadonlyMap<string, string>
  /** One behind the other; none for a table without rows. */
  readonly batches: readonly RowBatch[]
  readonly rowCount: number
}

export interface ColumnField {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  readonly metadata?: ReadonlyMap<string, string>
}

export interface RowBatch {
  readonly rowCount: number
  /** One for each field of the table. */
  readonly columns: readonly ColumnData[]
}

/**
 * One column of a batch. It begins at row 0 of its buffers, and holds no byte beyond its rows: slices are cut before. Which buffers there are follows from the type, as in Arrow.
 */
export interface ColumnData {
  readonly rowCount: number
  readonly nullCount: number
  /** A bit a row, least significant first: 1 has a value. Left out where every row has one. */
  readonly validity?: Uint8Array
  /** `rowCount + 1` little-endian offsets of 32 bits (64 for `large`), the first 0: variable-length types. */
  readonly offsets?: Uint8Array
  /** The values, little-endian: `bool` a bit a row, others whole bytes; the bytes of all rows for text and binary. What stands where there is no value is 0. */
  readonly values?: Uint8Array
  /** Unions: the type of each row. */
  readonly typeIds?: Uint8Array
  /** Of lists, structs, maps (one child, a struct of key and value) and unions. */
  readonly children?: readonly ColumnData[]
  /** Of a dictionary column: the values its indices name, as of this batch. */
  readonly dictionary?: ColumnData
}

export type TimeUnit = 's' | 'ms' | 'us' | 'ns'

/** Arrow's logical types. */
export type ColumnType =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'decimal'; readonly bits: 32 | 64 | 128 | 256; readonly precision: number; readonly scale: number }
  | { readonly kind: 'utf8'; readonly large: boolean }
  | { readonly kind: 'binary'; readonly large: boolean }
  | { readonly kind: 'fixed-binary'; readonly bytes: number }
  /** Days since 1970 in 32 bits, or milliseconds in 64. */
  | { readonly kind: 'date'; readonly unit: 'day' | 'ms' }
  /** Time of day: 32 bits for s and ms, else 64. */
  | { readonly kind: 'time'; readonly unit: TimeUnit }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly timezone?: string }
  | { readonly kind: 'duration'; readonly unit: TimeUnit }
  | { readonly kind: 'interval'; readonly unit: 'year-month' | 'day-time' | 'month-day-nano' }
  | { readonly kind: 'list'; readonly large: boolean; readonly item: ColumnField }
  | { readonly kind: 'fixed-list'; readonly size: number; readonly item: ColumnField }
  | { readonly kind: 'struct'; readonly fields: readonly ColumnField[] }
  | { readonly kind: 'map'; readonly keysSorted: boolean; readonly entries: ColumnField }
  | {
      readonly kind: 'union'
      readonly mode: 'sparse' | 'dense'
      readonly typeIds: readonly number[]
      readonly fields: readonly ColumnField[]
    }
  | {
      readonly kind: 'dictionary'
      readonly index: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
      readonly values: ColumnType
      readonly ordered: boolean
      readonly id: number
    }
