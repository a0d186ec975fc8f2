import { isUtf8 } from 'node:buffer'
import type { ColumnData, ColumnType } from './columnar.ts'
import { countIn, DamagedTable, exactBytes, listIn, type Members, membersIn } from './damaged-table.ts'
import { fixedWidth } from './fixed-width.ts'
import { littleEndianView } from './little-endian-view.ts'
import { childType, isBlank } from './stored-table.ts'

/** A dictionary by its number, as one of this type. */
export type DictionaryOf = (place: number, type: ColumnType) => ColumnData

/**
 * A column of exactly `rowCount` rows: every buffer as long as its rows say, every offset and index inside of what it points into.
 *
 * @throws DamagedTable
 */
export function readColumn(stored: unknown, type: ColumnType, rowCount: number, dictionaryOf: DictionaryOf): ColumnData {
  const members = membersIn(stored, 'the data of a column')
  if (countIn(members['rows'], 'the rows of a column') !== rowCount)
    throw new DamagedTable(`a column of other than ${rowCount} rows`)
  if (isBlank(type)) exactBytes(members['blank'], (rowCount + 7) >> 3, 'the rows of a column without bytes')
  const validity = readValidity(members, type, rowCount)
  const nullCount = countIn(members['nulls'], 'the nulls of a column')
  return { rowCount, nullCount, ...validity, ...readBuffers(members, type, rowCount, dictionaryOf, validity.validity) }
}

function readValidity(members: Members, type: ColumnType, rowCount: number): { readonly validity?: Uint8Array } {
  const nulls = countIn(members['nulls'], 'the nulls of a column')
  const { validity } = members
  if (validity === undefined) {
    if (nulls !== 0 && !(type.kind === 'null' && nulls === rowCount) && type.kind !== 'union')
      throw new DamagedTable('nulls of which nothing says where they are')
    return {}
  }
  const bits = exactBytes(validity, (rowCount + 7) >> 3, 'the nulls of a column')
  if (rowCount - setBits(bits, rowCount) !== nulls) throw new DamagedTable('another number of nulls than is announced')
  return { validity: bits }
}

function setBits(bits: Uint8Array, count: number): number {
  let set = 0
  for (let at = 0; at < bits.length; at++) {
    let byte = bits[at] ?? 0
    if (at === count >> 3 && byte >> (count & 7) !== 0) throw new DamagedTable('bits behind the last row')
    for (; byte !== 0; byte &= byte - 1) set++
  }
  return set
}

type Buffers = Omit<ColumnData, 'rowCount' | 'nullCount' | 'validity'>

function readBuffers(
  members: Members,
  type: ColumnType,
  rowCount: number,
  dictionaryOf: DictionaryOf,
  validity: Uint8Array | undefined,
): Buffers {
  const children = (): readonly unknown[] => listIn(members['children'], 'children of a column')
  const child = (index: number, rows: number): ColumnData => {
    const inner = childType(type, index)
    if (inner === undefined) throw new DamagedTable('a child of what has none')
    return readColumn(children()[index], inner, rows, dictionaryOf)
  }
  switch (type.kind) {
    case 'null':
      return {}
    case 'bool':
      return { values: exactBytes(members['values'], (rowCount + 7) >> 3, 'values') }
    case 'utf8':
    case 'binary':
      return readBytes(members, type.kind === 'utf8', type.large, rowCount)
    case 'list':
    case 'map': {
      const { offsets, last } = readOffsets(members, type.kind === 'list' && type.large, rowCount)
      return { offsets, children: [child(0, last)] }
    }
    case 'fixed-list':
      return { children: [child(0, rowCount * type.size)] }
    case 'struct':
      if (children().length !== type.fields.length) throw new DamagedTable('an object with other keys than are announced')
      return { children: type.fields.map((_, index) => child(index, rowCount)) }
    case 'union':
      return readUnion(members, type, rowCount, child)
    case 'dictionary': {
      const values = exactBytes(members['values'], (rowCount * type.index.bits) / 8, 'indices')
      const dictionary = dictionaryOf(countIn(members['dictionary'], 'the number of a dictionary'), type.values)
      checkIndices(values, type.index, dictionary.rowCount, validity)
      return { values, dictionary }
    }
    default:
      return { values: exactBytes(members['values'], rowCount * (fixedWidth(type) ?? 0), 'values') }
  }
}

function readOffsets(
  members: Members,
  large: boolean,
  rowCount: number,
): { readonly offsets: Uint8Array; readonly last: number } {
  const offsets = exactBytes(members['offsets'], (rowCount + 1) * (large ? 8 : 4), 'offsets')
  let last = 0
  if (large) {
    for (const offset of littleEndianView(BigInt64Array, offsets)) last = ascending(Number(offset), last)
  } else {
    const narrow = littleEndianView(Int32Array, offsets)
    if (narrow[0] !== 0) throw new DamagedTable('offsets that do not begin at 0')
    for (let index = 1; index <= rowCount; index++) {
      const offset = narrow[index] ?? 0
      if (offset < last) throw new DamagedTable('offsets that do not ascend')
      last = offset
    }
  }
  if (large && littleEndianView(BigInt64Array, offsets)[0] !== 0n) throw new DamagedTable('offsets that do not begin at 0')
  return { offsets, last }
}

function ascending(offset: number, last: number): number {
  if (offset < last || !Number.isSafeInteger(offset)) throw new DamagedTable('offsets that do not ascend')
  return offset
}

function readBytes(members: Members, isText: boolean, large: boolean, rowCount: number): Buffers {
  const { offsets, last } = readOffsets(members, large, rowCount)
  const values = exactBytes(members['values'], last, 'the bytes of all rows')
  if (isText)
    checkText(values, large ? [...littleEndianView(BigInt64Array, offsets)].map(Number) : littleEndianView(Int32Array, offsets))
  return { offsets, values }
}

/** Each by itself, not only all of them together. */
function checkText(values: Uint8Array, offsets: ArrayLike<number>): void {
  if (!isUtf8(values)) throw new DamagedTable('text that is not UTF-8')
  for (let index = 0; index < offsets.length; index++)
    if (((values[offsets[index] ?? 0] ?? 0) & 0xc0) === 0x80) throw new DamagedTable('text that begins within a character')
}

function checkIndices(
  values: Uint8Array,
  index: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean },
  count: number,
  validity: Uint8Array | undefined,
): void {
  const places = indicesOf(values, index)
  for (let row = 0; row < places.length; row++) {
    const place = Number(places[row])
    if (place >= 0 && place < count) continue
    const isThere = validity === undefined || ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0
    if (isThere) throw new DamagedTable('an index beyond its dictionary')
  }
}

function indicesOf(
  values: Uint8Array,
  { bits, signed }: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean },
): ArrayLike<number | bigint> {
  switch (bits) {
    case 8:
      return signed ? littleEndianView(Int8Array, values) : values
    case 16:
      return signed ? littleEndianView(Int16Array, values) : littleEndianView(Uint16Array, values)
    case 32:
      return signed ? littleEndianView(Int32Array, values) : littleEndianView(Uint32Array, values)
    case 64:
      return signed ? littleEndianView(BigInt64Array, values) : littleEndianView(BigUint64Array, values)
  }
}

function readUnion(
  members: Members,
  type: Extract<ColumnType, { kind: 'union' }>,
  rowCount: number,
  child: (index: number, rows: number) => ColumnData,
): Buffers {
  const typeIds = exactBytes(members['typeIds'], rowCount, 'the types of a union')
  const stored = listIn(members['children'], 'children of a union')
  if (stored.length !== type.fields.length) throw new DamagedTable('a union with other members than are announced')
  const counts = stored.map(one =>
    type.mode === 'sparse' ? rowCount : countIn(membersIn(one, 'a child')['rows'], 'rows of a child'),
  )
  const places = new Map(type.typeIds.map((id, index) => [id, index]))
  const offsets = type.mode === 'dense' ? exactBytes(members['offsets'], rowCount * 4, 'offsets') : undefined
  const within = offsets === undefined ? undefined : littleEndianView(Int32Array, offsets)
  for (let row = 0; row < rowCount; row++) {
    const place = places.get(typeIds[row] ?? -1)
    if (place === undefined) throw new DamagedTable('a row of a member that the union has not')
    const offset = within?.[row] ?? 0
    if (offset < 0 || (within !== undefined && offset >= (counts[place] ?? 0)))
      throw new DamagedTable('an offset beyond its member')
  }
  const children = counts.map((count, index) => child(index, count))
  return { typeIds, ...(offsets === undefined ? {} : { offsets }), children }
}
