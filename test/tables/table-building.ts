import type { ColumnarTable, ColumnData, ColumnField, ColumnType, RowBatch } from '../../src/tables/columnar.ts'
import { fixedWidth } from '../../src/tables/fixed-width.ts'

/** Fixed-width values are their bytes, whatever they mean; lists, structs and maps are lists; of a union, which member and its value. */
export type Cell = null | boolean | string | Uint8Array | readonly Cell[] | { readonly member: number; readonly value: Cell }

export interface Layout {
  /** Rows of each batch but the last; all in one by default. */
  readonly batchRows?: number
  /** Bytes where there is no value, instead of zeros. */
  readonly garbage?: boolean
}

const encoder = new TextEncoder()

export function field(name: string, type: ColumnType): ColumnField {
  return { name, type, nullable: true }
}

export function tableOf(fields: readonly ColumnField[], rows: readonly (readonly Cell[])[], layout: Layout = {}): ColumnarTable {
  const { batchRows = rows.length, garbage = false } = layout
  const batches: RowBatch[] = []
  for (let from = 0; from < rows.length; from += batchRows) {
    const part = rows.slice(from, from + batchRows)
    const columns = fields.map(({ type }, at) =>
      columnOf(
        type,
        part.map(row => row[at] ?? null),
        garbage,
      ),
    )
    batches.push({ rowCount: part.length, columns })
  }
  return { fields, batches, rowCount: rows.length }
}

export function columnOf(type: ColumnType, cells: readonly Cell[], garbage = false): ColumnData {
  const rowCount = cells.length
  const nullCount = type.kind === 'union' ? 0 : cells.filter(cell => cell === null).length
  const data: ColumnData = {
    rowCount,
    nullCount,
    ...(nullCount > 0 && type.kind !== 'null' && { validity: bitsOf(cells.map(cell => cell !== null)) }),
  }
  switch (type.kind) {
    case 'null':
      return data
    case 'bool':
      return { ...data, values: bitsOf(cells.map(cell => (cell === null ? garbage : cell === true))) }
    case 'utf8':
    case 'binary': {
      const parts = cells.map(cell =>
        cell === null ? (garbage ? encoder.encode('left over') : encoder.encode('')) : bytesOf(cell),
      )
      return { ...data, values: Buffer.concat(parts), offsets: offsetsOf(parts, type.large) }
    }
    case 'list': {
      const lists = cells.map(cell => (cell === null && garbage ? [null] : listOf(cell)))
      return { ...data, offsets: offsetsOf(lists, type.large), children: [columnOf(type.item.type, lists.flat(), garbage)] }
    }
    case 'map': {
      const lists = cells.map(listOf)
      return { ...data, offsets: offsetsOf(lists, false), children: [columnOf(type.entries.type, lists.flat(), garbage)] }
    }
    case 'fixed-list': {
      const items = cells.flatMap(cell => (cell === null ? new Array<Cell>(type.size).fill(null) : listOf(cell)))
      return { ...data, children: [columnOf(type.item.type, items, garbage)] }
    }
    case 'struct':
      return {
        ...data,
        children: type.fields.map(({ type: member }, at) =>
          columnOf(
            member,
            cells.map(cell => listOf(cell)[at] ?? null),
            garbage,
          ),
        ),
      }
    case 'union':
      return { ...data, ...unionOf(type, cells, garbage) }
    case 'dictionary':
      return { ...data, ...dictionaryOf(type, cells, garbage) }
    default: {
      const width = fixedWidth(type) ?? 0
      return {
        ...data,
        values: Buffer.concat(
          cells.map(cell => (cell === null ? new Uint8Array(width).fill(garbage ? 0x5a : 0) : bytesOf(cell))),
        ),
      }
    }
  }
}

function unionOf(type: ColumnType & { readonly kind: 'union' }, cells: readonly Cell[], garbage: boolean): Partial<ColumnData> {
  const members = cells.map(cell => memberOf(cell))
  const typeIds = Uint8Array.from(members, ({ member }) => type.typeIds[member] ?? 0)
  if (type.mode === 'sparse') {
    const children = type.fields.map(({ type: member }, at) =>
      columnOf(
        member,
        members.map(cell => (cell.member === at ? cell.value : null)),
        garbage,
      ),
    )
    return { typeIds, children }
  }
  const own = type.fields.map((): Cell[] => [])
  const places = members.map(({ member, value }) => (own[member]?.push(value) ?? 1) - 1)
  const children = type.fields.map(({ type: member }, at) => columnOf(member, own[at] ?? [], garbage))
  return { typeIds, offsets: new Uint8Array(Int32Array.from(places).buffer), children }
}

/** Every value twice in the dictionary, used in turns. */
function dictionaryOf(
  type: ColumnType & { readonly kind: 'dictionary' },
  cells: readonly Cell[],
  garbage: boolean,
): Partial<ColumnData> {
  const different = new Map<string, number>()
  const values: Cell[] = []
  const indexes = cells.map((cell, row) => {
    if (cell === null) return garbage ? 1 : 0
    const key = JSON.stringify(cell instanceof Uint8Array ? [...cell] : cell)
    const place = different.get(key) ?? values.push(cell, cell) - 2
    different.set(key, place)
    return place + (row % 2)
  })
  const width = type.index.bits / 8
  const bytes = new Uint8Array(cells.length * width)
  for (const [row, index] of indexes.entries()) {
    bytes[row * width] = index
    if (width > 1) bytes[row * width + 1] = index >> 8
  }
  return { values: bytes, dictionary: columnOf(type.values, values, garbage) }
}

function bitsOf(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [row, bit] of bits.entries()) if (bit) bytes[row >> 3] = (bytes[row >> 3] ?? 0) | (1 << (row & 7))
  return bytes
}

function offsetsOf(parts: readonly { readonly length: number }[], isLarge: boolean): Uint8Array {
  let end = 0
  const ends = [0, ...parts.map(part => (end += part.length))]
  return new Uint8Array(isLarge ? BigInt64Array.from(ends, BigInt).buffer : Int32Array.from(ends).buffer)
}

function bytesOf(cell: Cell): Uint8Array {
  if (typeof cell === 'string') return encoder.encode(cell)
  if (cell instanceof Uint8Array) return cell
  throw new TypeError(`no bytes: ${JSON.stringify(cell)}`)
}

function listOf(cell: Cell): readonly Cell[] {
  return isList(cell) ? cell : []
}

function isList(cell: Cell): cell is readonly Cell[] {
  return Array.isArray(cell)
}

function memberOf(cell: Cell): { readonly member: number; readonly value: Cell } {
  if (cell === null) return { member: 0, value: null }
  if (typeof cell === 'object' && 'member' in cell) return cell
  throw new TypeError(`not of a union: ${JSON.stringify(cell)}`)
}
