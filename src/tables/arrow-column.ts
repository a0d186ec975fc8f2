import type { Cell, IntervalCell, UnionCell } from './arrow-cell.ts'
import { isInterval, isList, isUnion } from './cell-parts.ts'
import type { ColumnData, ColumnField, ColumnType } from './columnar.ts'
import { fixedWidth } from './fixed-width.ts'

/** Makes a column of cells: the other way round as `cellReader` reads. @throws RangeError for a cell that does not fit its type */
export function columnOfCells(type: ColumnType, cells: readonly Cell[]): ColumnData {
  const rowCount = cells.length
  if (type.kind === 'null') return { rowCount, nullCount: rowCount }
  if (type.kind === 'union') return unionOf(type, cells)
  const { nullCount, validity } = validityOf(cells)
  return { rowCount, nullCount, ...(validity === undefined ? {} : { validity }), ...buffersOf(type, cells) }
}

type Buffers = Omit<ColumnData, 'rowCount' | 'nullCount' | 'validity'>

function buffersOf(type: ColumnType, cells: readonly Cell[]): Buffers {
  switch (type.kind) {
    case 'bool': {
      const values = new Uint8Array((cells.length + 7) >> 3)
      for (const [row, cell] of cells.entries()) if (cell === true) values[row >> 3] = (values[row >> 3] ?? 0) | (1 << (row & 7))
      return { values }
    }
    case 'utf8':
      return bytesOf(cells, type.large, cell => Buffer.from(textOf(cell)))
    case 'binary':
      return bytesOf(cells, type.large, blobOf)
    case 'list':
      return { ...itemsOf(type.item, cells, type.large) }
    case 'map':
      return { ...itemsOf(type.entries, cells, false) }
    case 'fixed-list': {
      const items = cells.flatMap(cell => (cell === null ? new Array<Cell>(type.size).fill(null) : listOf(cell)))
      if (items.length !== cells.length * type.size) throw new RangeError(`a list has not ${type.size} items`)
      return { children: [columnOfCells(type.item.type, items)] }
    }
    case 'struct': {
      const parts = cells.map(cell => (cell === null ? [] : listOf(cell)))
      return {
        children: type.fields.map((field, at) =>
          columnOfCells(
            field.type,
            parts.map(part => part[at] ?? null),
          ),
        ),
      }
    }
    case 'dictionary':
      return dictionaryOf(type, cells)
    default:
      return { values: fixedOf(type, cells) }
  }
}

function dictionaryOf(type: ColumnType & { readonly kind: 'dictionary' }, cells: readonly Cell[]): Buffers {
  const places = new Map<Cell, number>()
  const values: Cell[] = []
  const indices = cells.map(cell => {
    if (cell === null) return null
    const known = places.get(cell)
    if (known !== undefined) return known
    places.set(cell, values.length)
    return values.push(cell) - 1
  })
  const { bits, signed } = type.index
  const index: ColumnType = { kind: 'int', bits, signed }
  const wide = bits === 64 ? indices.map(at => (at === null ? null : BigInt(at))) : indices
  return { values: fixedOf(index, wide), dictionary: columnOfCells(type.values, values) }
}

function unionOf(type: ColumnType & { readonly kind: 'union' }, cells: readonly Cell[]): ColumnData {
  const typeIds = new Uint8Array(cells.length)
  const offsets = new DataView(new ArrayBuffer(cells.length * 4))
  const parts = type.fields.map((): Cell[] => [])
  for (const [row, cell] of cells.entries()) {
    const { field, value } = unionCell(cell)
    typeIds[row] = type.typeIds[field] ?? 0
    if (type.mode === 'dense') {
      const part = parts[field]
      if (part === undefined) throw new RangeError(`a union has no field ${field}`)
      offsets.setInt32(row * 4, part.push(value) - 1, true)
    } else for (const [at, part] of parts.entries()) part.push(at === field ? value : null)
  }
  const children = type.fields.map((one, at) => columnOfCells(one.type, parts[at] ?? []))
  const places = type.mode === 'dense' ? { offsets: new Uint8Array(offsets.buffer) } : {}
  return { rowCount: cells.length, nullCount: 0, typeIds, ...places, children }
}

function validityOf(cells: readonly Cell[]): { readonly nullCount: number; readonly validity?: Uint8Array } {
  if (!cells.includes(null)) return { nullCount: 0 }
  const validity = new Uint8Array((cells.length + 7) >> 3)
  let nullCount = 0
  for (const [row, cell] of cells.entries()) {
    if (cell === null) nullCount++
    else validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return { nullCount, validity }
}

function bytesOf(cells: readonly Cell[], large: boolean, take: (cell: Cell) => Uint8Array): Buffers {
  const parts = cells.map(cell => (cell === null ? new Uint8Array() : take(cell)))
  const offsets = offsetsOf(parts, large)
  return { offsets, values: new Uint8Array(Buffer.concat(parts)) }
}

function itemsOf(item: ColumnField, cells: readonly Cell[], large: boolean): Buffers {
  const lists = cells.map(cell => (cell === null ? [] : listOf(cell)))
  return { offsets: offsetsOf(lists, large), children: [columnOfCells(item.type, lists.flat())] }
}

function offsetsOf(parts: readonly { readonly length: number }[], large: boolean): Uint8Array {
  const width = large ? 8 : 4
  const view = new DataView(new ArrayBuffer((parts.length + 1) * width))
  let at = 0
  for (const [row, { length }] of parts.entries()) {
    at += length
    if (large) view.setBigInt64((row + 1) * 8, BigInt(at), true)
    else if (at > 2 ** 31 - 1) throw new RangeError('the values are too long for offsets of 32 bits')
    else view.setInt32((row + 1) * 4, at, true)
  }
  return new Uint8Array(view.buffer)
}

function fixedOf(type: ColumnType, cells: readonly Cell[]): Uint8Array {
  const width = fixedWidth(type) ?? 0
  const bytes = new Uint8Array(cells.length * width)
  const write = writerOf(type, bytes)
  for (const [row, cell] of cells.entries()) if (cell !== null) write(row * width, cell)
  return bytes
}

function writerOf(type: ColumnType, bytes: Uint8Array): (at: number, cell: Cell) => void {
  const view = new DataView(bytes.buffer)
  const width = fixedWidth(type) ?? 0
  switch (type.kind) {
    case 'float':
      if (type.bits === 64) return (at, cell) => view.setFloat64(at, numberOf(cell), true)
      if (type.bits === 32) return (at, cell) => view.setFloat32(at, numberOf(cell), true)
      return (at, cell) => view.setUint16(at, halfBits(numberOf(cell)), true)
    case 'decimal':
      return (at, cell) => {
        let value = BigInt.asUintN(type.bits, bigOf(cell))
        for (let byte = 0; byte < width; byte++, value >>= 8n) bytes[at + byte] = Number(value & 255n)
      }
    case 'fixed-binary':
      return (at, cell) => {
        const blob = blobOf(cell)
        if (blob.length !== width) throw new RangeError(`${blob.length} bytes where there must be ${width}`)
        bytes.set(blob, at)
      }
    case 'interval':
      return (at, cell) => writeInterval(view, at, type.unit, intervalCell(cell))
    default:
      return integerWriter(view, width, type.kind !== 'int' || type.signed)
  }
}

function integerWriter(view: DataView, width: number, signed: boolean): (at: number, cell: Cell) => void {
  const low = signed ? -(2n ** BigInt(width * 8 - 1)) : 0n
  const high = low + 2n ** BigInt(width * 8) - 1n
  return (at, cell) => {
    if (width === 8) {
      const value = bigOf(cell)
      if (value < low || value > high) throw new RangeError(`${value} does not fit 64 bits`)
      view.setBigInt64(at, value, true)
      return
    }
    const value = numberOf(cell)
    if (!Number.isInteger(value) || value < Number(low) || value > Number(high))
      throw new RangeError(`${value} does not fit ${width * 8} bits`)
    if (width === 4) view.setInt32(at, value, true)
    else if (width === 2) view.setInt16(at, value, true)
    else view.setInt8(at, value)
  }
}

function writeInterval(view: DataView, at: number, unit: 'year-month' | 'day-time' | 'month-day-nano', cell: IntervalCell): void {
  if (unit === 'year-month') {
    view.setInt32(at, cell.months, true)
  } else if (unit === 'day-time') {
    view.setInt32(at, cell.days, true)
    view.setInt32(at + 4, Number(cell.nanoseconds / 1_000_000n), true)
  } else {
    view.setInt32(at, cell.months, true)
    view.setInt32(at + 4, cell.days, true)
    view.setBigInt64(at + 8, cell.nanoseconds, true)
  }
}

/** The nearest number of 16 bits, ties to even. */
function halfBits(value: number): number {
  if (Number.isNaN(value)) return 0x7e00
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0
  const size = Math.abs(value)
  if (size >= 65_520) return sign | 0x7c00
  const exponent = Math.max(-14, Math.floor(Math.log2(size)))
  const scaled = size / 2 ** (exponent - 10)
  const floor = Math.floor(scaled)
  const rounded = scaled - floor > 0.5 || (scaled - floor === 0.5 && floor % 2 === 1) ? floor + 1 : floor
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded)
}

const numberOf = (cell: Cell): number => {
  if (typeof cell === 'number') return cell
  throw unfit(cell, 'a number')
}
const bigOf = (cell: Cell): bigint => {
  if (typeof cell === 'bigint') return cell
  throw unfit(cell, 'a bigint')
}
const textOf = (cell: Cell): string => {
  if (typeof cell === 'string') return cell
  throw unfit(cell, 'a text')
}
const blobOf = (cell: Cell): Uint8Array => {
  if (cell instanceof Uint8Array) return cell
  throw unfit(cell, 'bytes')
}
const listOf = (cell: Cell): readonly Cell[] => {
  if (isList(cell)) return cell
  throw unfit(cell, 'a list')
}
const unionCell = (cell: Cell): UnionCell => {
  if (isUnion(cell)) return cell
  throw unfit(cell, 'a value of a union')
}
const intervalCell = (cell: Cell): IntervalCell => {
  if (isInterval(cell)) return cell
  throw unfit(cell, 'a span of time')
}

const unfit = (cell: Cell, what: string): RangeError =>
  new RangeError(`a ${cell === null ? 'null' : typeof cell} where ${what} must be`)
