import { canonicalFixed, canonicalVariable } from './canonical-values.ts'
import type { ColumnSpace } from './column-space.ts'
import type { ColumnarTable, ColumnData, ColumnType } from './columnar.ts'
import { fixedWidth } from './fixed-width.ts'
import { joinColumns } from './join-columns.ts'
import { littleEndianView } from './little-endian-view.ts'
import { nestedBytes } from './nested-bytes.ts'
import { plainType } from './plain-type.ts'
import { presentRows } from './present-rows.ts'

/**
 * A column so that equal values are equal bytes, whatever way they were held: over all batches, nulls a byte a row, zeros (or no bytes) where there is no value, one NaN, dictionaries resolved or
 * at least indexed alike. Buffers of the table are used as they are where they are already like that.
 */
export type CanonicalColumn = FixedColumn | VariableColumn

/** Values of the same number of bytes; none at all for the type null. */
export interface FixedColumn {
  readonly kind: 'fixed'
  readonly rowCount: number
  readonly width: number
  readonly bytes: Uint8Array
  /** A byte a row, 1 has a value. Left out where every row has one, and for the type null. */
  readonly present: Uint8Array | undefined
}

/** Text, binary, and values of nested types as `nestedBytes` writes them. */
export interface VariableColumn {
  readonly kind: 'variable'
  readonly rowCount: number
  readonly bytes: Uint8Array
  /** Value `v` is the bytes from `offsets[v]` to `offsets[v + 1]`. */
  readonly offsets: Offsets
  /** The value of each row, where rows share values; else value `r` is that of row `r`. A row without value has an empty one. */
  readonly index: Uint32Array | undefined
  readonly present: Uint8Array | undefined
}

export type Offsets = Uint32Array | Float64Array

/**
 * @param column Which of the table's fields.
 * @param space for what must be copied: the column is valid until the next is made there
 */
export function canonicalColumn(table: ColumnarTable, column: number, space?: ColumnSpace): CanonicalColumn {
  const field = table.fields[column]
  const parts: ColumnData[] = []
  for (const batch of table.batches) {
    const data = batch.columns[column]
    if (data !== undefined && batch.rowCount > 0) parts.push(data)
  }
  const type = field?.type ?? { kind: 'null' }
  const known = new Map<ColumnData, CanonicalColumn>()
  return joinColumns(
    parts.map(part => canonicalData(part, type, known)),
    canonicalData(noRows, type, known),
    space,
  )
}

const noRows: ColumnData = { rowCount: 0, nullCount: 0 }

/** @param known Dictionaries met before: batches mostly share theirs. */
function canonicalData(data: ColumnData, type: ColumnType, known: Map<ColumnData, CanonicalColumn>): CanonicalColumn {
  const { rowCount } = data
  if (plainType(type).kind === 'null') return { kind: 'fixed', rowCount, width: 0, bytes: new Uint8Array(0), present: undefined }
  if (type.kind === 'dictionary') return resolveDictionary(data, type, known)
  const present = presentRows(data)
  if (type.kind === 'utf8' || type.kind === 'binary') return canonicalVariable(data, type.large, present)
  const width = fixedWidth(type)
  if (width !== undefined) return canonicalFixed(data, type, width, present)
  const { bytes, offsets } = nestedBytes(data, type, present)
  return { kind: 'variable', rowCount, bytes, offsets, index: undefined, present }
}

function resolveDictionary(
  data: ColumnData,
  type: ColumnType & { readonly kind: 'dictionary' },
  known: Map<ColumnData, CanonicalColumn>,
): CanonicalColumn {
  const { rowCount, dictionary = noRows } = data
  const values = known.get(dictionary) ?? withEmptyValue(canonicalData(dictionary, type.values, known))
  known.set(dictionary, values)
  const present = presentRows(data)
  const index = indexes(data.values ?? new Uint8Array(0), type.index.bits, rowCount)
  return values.kind === 'fixed' ? spreadFixed(values, index, present) : indexVariable(values, index, present)
}

function indexes(bytes: Uint8Array, bits: 8 | 16 | 32 | 64, rowCount: number): Uint32Array {
  const index = new Uint32Array(rowCount)
  if (bits === 64) {
    const words = littleEndianView(Uint32Array, bytes)
    for (let row = 0; row < rowCount; row++) index[row] = words[2 * row] ?? 0
    return index
  }
  const narrow = bits === 8 ? bytes : bits === 16 ? littleEndianView(Uint16Array, bytes) : littleEndianView(Uint32Array, bytes)
  index.set(narrow.subarray(0, rowCount))
  return index
}

function spreadFixed(values: FixedColumn, index: Uint32Array, present: Uint8Array | undefined): FixedColumn {
  const { width } = values
  const rowCount = index.length
  const bytes = new Uint8Array(rowCount * width)
  const there = new Uint8Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const value = index[row] ?? 0
    if (present?.[row] === 0 || values.present?.[value] === 0) continue
    there[row] = 1
    for (let at = 0; at < width; at++) bytes[row * width + at] = values.bytes[value * width + at] ?? 0
  }
  return { kind: 'fixed', rowCount, width, bytes, present: there.includes(0) ? there : undefined }
}

/** The value that rows without one have, as the last. */
function withEmptyValue(values: CanonicalColumn): CanonicalColumn {
  if (values.kind === 'fixed') return values
  const { offsets } = values
  const longer = offsets instanceof Float64Array ? new Float64Array(offsets.length + 1) : new Uint32Array(offsets.length + 1)
  longer.set(offsets)
  longer[offsets.length] = offsets[offsets.length - 1] ?? 0
  return { ...values, offsets: longer }
}

function indexVariable(values: VariableColumn, index: Uint32Array, present: Uint8Array | undefined): VariableColumn {
  const rowCount = index.length
  const { bytes, offsets } = values
  const column: VariableColumn = { kind: 'variable', rowCount, bytes, offsets, index, present }
  if (present === undefined && values.present === undefined && values.index === undefined) return column
  const empty = offsets.length - 2
  const there = new Uint8Array(rowCount)
  for (let row = 0; row < rowCount; row++) {
    const value = index[row] ?? 0
    const isNull = present?.[row] === 0 || values.present?.[value] === 0
    there[row] = isNull ? 0 : 1
    index[row] = isNull ? empty : (values.index?.[value] ?? value)
  }
  return { ...column, present: there.includes(0) ? there : undefined }
}
