import { WaymarkError } from '../model/errors.ts'
import type { ArrowData } from './arrow-shape.ts'
import type { ColumnData, ColumnField, ColumnType } from './columnar.ts'
import { fixedWidth } from './fixed-width.ts'

/** Rows `from` to `to` of the data. */
export interface ArrowRows {
  readonly data: ArrowData
  readonly from: number
  readonly to: number
}

/** A byte a row: 1 has a value. Undefined: all have. */
type Present = Uint8Array | undefined

/** Takes rows of Arrow's data over: they begin at 0, and what stands where there is no value is 0. Dictionaries that batches share stay shared. */
export class ArrowDataTaker {
  readonly #dictionaries = new Map<object, ColumnData>()

  /** The rows behind one another, as one column. */
  column(field: ColumnField, rows: readonly ArrowRows[]): ColumnData {
    return this.#take(field.type, rows, undefined)
  }

  #take(type: ColumnType, rows: readonly ArrowRows[], above: Present): ColumnData {
    const rowCount = countOf(rows)
    if (type.kind === 'null') return { rowCount, nullCount: rowCount }
    if (type.kind === 'union') return this.#union(type, rows, rowCount)
    const present = presentOf(rows, rowCount, above)
    const base = { rowCount, ...validityOf(present) }
    switch (type.kind) {
      case 'bool':
        return { ...base, values: bitsOf(rows, rowCount, present) }
      case 'utf8':
      case 'binary': {
        const { offsets, runs } = runsOf(rows, rowCount, present, type.large)
        return { ...base, offsets, values: joined(runs.map(({ data, from, to }) => bytesOf(data.values).subarray(from, to))) }
      }
      case 'list':
      case 'map': {
        const { offsets, runs } = runsOf(rows, rowCount, present, type.kind === 'list' && type.large)
        const item = type.kind === 'list' ? type.item : type.entries
        return { ...base, offsets, children: [this.#take(item.type, childRuns(runs, 0), undefined)] }
      }
      case 'fixed-list': {
        const { size, item } = type
        const inside = rows.map(({ data, from, to }) => ({ data: childOf(data, 0), from: from * size, to: to * size }))
        return { ...base, children: [this.#take(item.type, inside, spread(present, size))] }
      }
      case 'struct':
        return {
          ...base,
          children: type.fields.map((field, at) => this.#take(field.type, childRuns(rows, at), present)),
        }
      case 'dictionary':
        return { ...base, values: fixedOf(type, rows, present), dictionary: this.#dictionary(type.values, rows) }
      default:
        return { ...base, values: fixedOf(type, rows, present) }
    }
  }

  #dictionary(type: ColumnType, rows: readonly ArrowRows[]): ColumnData {
    const vectors = new Set(rows.flatMap(({ data }) => (data.dictionary ? [data.dictionary] : [])))
    const [vector] = vectors
    if (vectors.size > 1) throw severalDictionaries()
    if (vector === undefined) return this.#take(type, [], undefined)
    const known = this.#dictionaries.get(vector)
    if (known !== undefined) return known
    const taken = this.#take(
      type,
      vector.data.map(data => ({ data, from: 0, to: data.length })),
      undefined,
    )
    this.#dictionaries.set(vector, taken)
    return taken
  }

  #union(type: ColumnType & { readonly kind: 'union' }, rows: readonly ArrowRows[], rowCount: number): ColumnData {
    const typeIds = new Uint8Array(rowCount)
    let row = 0
    for (const { data, from, to } of rows) for (let at = from; at < to; at++) typeIds[row++] = data.typeIds?.[at] ?? 0
    if (type.mode === 'sparse') {
      const children = type.fields.map((field, at) => this.#take(field.type, childRuns(rows, at), undefined))
      return { rowCount, nullCount: 0, typeIds, children }
    }
    const offsets = new DataView(new ArrayBuffer(rowCount * 4))
    const runs = type.fields.map((): ArrowRows[] => [])
    const counts = type.fields.map(() => 0)
    row = 0
    for (const { data, from, to } of rows) {
      for (let at = from; at < to; at++, row++) {
        const child = type.typeIds.indexOf(((typeIds[row] ?? 0) << 24) >> 24)
        const count = counts[child]
        if (count === undefined)
          throw new RangeError(`row ${row} of a union has the type ${typeIds[row]}, which it does not name`)
        const place = Number(data.valueOffsets?.[at] ?? 0)
        addRun(runs[child] ?? [], childOf(data, child), place, place + 1)
        offsets.setInt32(row * 4, count, true)
        counts[child] = count + 1
      }
    }
    const children = type.fields.map((field, at) => this.#take(field.type, runs[at] ?? [], undefined))
    return { rowCount, nullCount: 0, typeIds, offsets: new Uint8Array(offsets.buffer), children }
  }
}

const countOf = (rows: readonly ArrowRows[]): number => rows.reduce((sum, { from, to }) => sum + to - from, 0)

const childOf = (data: ArrowData, at: number): ArrowData => {
  const child = data.children[at]
  if (child === undefined) throw new RangeError(`an Arrow column lacks its child ${at}`)
  return child
}

const childRuns = (rows: readonly ArrowRows[], at: number): readonly ArrowRows[] =>
  rows.map(({ data, from, to }) => ({ data: childOf(data, at), from, to }))

function bytesOf(values: ArrayBufferView | null | undefined): Uint8Array {
  if (!values) return new Uint8Array()
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}

function presentOf(rows: readonly ArrowRows[], rowCount: number, above: Present): Present {
  const nullable = ({ data }: ArrowRows): boolean => data.nullCount > 0 && (data.nullBitmap?.length ?? 0) > 0
  if (above === undefined && !rows.some(nullable)) return undefined
  const present = above === undefined ? new Uint8Array(rowCount).fill(1) : Uint8Array.from(above)
  let row = 0
  for (const one of rows) {
    const { data, from, to } = one
    const bits = data.nullBitmap
    if (!bits || !nullable(one)) {
      row += to - from
      continue
    }
    for (let at = data.offset + from; at < data.offset + to; at++, row++) {
      if ((((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 0) present[row] = 0
    }
  }
  return present.includes(0) ? present : undefined
}

function validityOf(present: Present): { readonly nullCount: number; readonly validity?: Uint8Array } {
  if (present === undefined) return { nullCount: 0 }
  const validity = new Uint8Array((present.length + 7) >> 3)
  let valid = 0
  for (let row = 0; row < present.length; row++) {
    if (present[row] === 0) continue
    valid++
    validity[row >> 3] = (validity[row >> 3] ?? 0) | (1 << (row & 7))
  }
  return { nullCount: present.length - valid, validity }
}

function bitsOf(rows: readonly ArrowRows[], rowCount: number, present: Present): Uint8Array {
  const out = new Uint8Array((rowCount + 7) >> 3)
  let row = 0
  for (const { data, from, to } of rows) {
    const bits = bytesOf(data.values)
    for (let at = data.offset + from; at < data.offset + to; at++, row++) {
      if ((((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 0 || present?.[row] === 0) continue
      out[row >> 3] = (out[row >> 3] ?? 0) | (1 << (row & 7))
    }
  }
  return out
}

function fixedOf(type: ColumnType, rows: readonly ArrowRows[], present: Present): Uint8Array {
  const width = (type.kind === 'dictionary' ? type.index.bits / 8 : fixedWidth(type)) ?? 0
  const bytes = joined(
    rows.map(({ data, from, to }) => {
      const part = bytesOf(data.values).subarray(from * width, to * width)
      if (part.length === (to - from) * width) return part
      const whole = new Uint8Array((to - from) * width)
      whole.set(part)
      return whole
    }),
  )
  if (present === undefined) return bytes
  const own = Uint8Array.from(bytes)
  for (let row = 0; row < present.length; row++) if (present[row] === 0) own.fill(0, row * width, (row + 1) * width)
  return own
}

/** What the rows hold of the bytes or items they point to: new offsets, and where each piece lies. Rows without a value point to nothing. */
function runsOf(
  rows: readonly ArrowRows[],
  rowCount: number,
  present: Present,
  large: boolean,
): { readonly offsets: Uint8Array; readonly runs: readonly ArrowRows[] } {
  const width = large ? 8 : 4
  const offsets = new DataView(new ArrayBuffer((rowCount + 1) * width))
  const runs: ArrowRows[] = []
  let row = 0
  let length = 0
  for (const { data, from, to } of rows) {
    const places = data.valueOffsets
    for (let at = from; at < to; at++, row++) {
      const start = Number(places?.[at] ?? 0)
      const end = Number(places?.[at + 1] ?? 0)
      if (end > start && present?.[row] !== 0) {
        addRun(runs, data, start, end)
        length += end - start
      }
      if (large) offsets.setBigInt64((row + 1) * 8, BigInt(length), true)
      else offsets.setInt32((row + 1) * 4, length, true)
    }
  }
  if (!large && length > 2 ** 31 - 1) throw tooLong()
  return { offsets: new Uint8Array(offsets.buffer), runs }
}

/** Longer by what follows the last at once, else one more. */
function addRun(runs: ArrowRows[], data: ArrowData, from: number, to: number): void {
  const last = runs.at(-1)
  if (last !== undefined && last.data === data && last.to === from) runs[runs.length - 1] = { data, from: last.from, to }
  else runs.push({ data, from, to })
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && only !== undefined) return only
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function spread(present: Present, size: number): Present {
  if (present === undefined) return undefined
  const out = new Uint8Array(present.length * size)
  for (let row = 0; row < present.length; row++) out.fill(present[row] ?? 0, row * size, (row + 1) * size)
  return out
}

const severalDictionaries = (): WaymarkError =>
  new WaymarkError('unsupported', {
    message: 'a nested Arrow column has several dictionaries within one batch',
    means: 'Nothing was saved.',
    remedy: 'Make the dictionaries one, or decode the column.',
  })

const tooLong = (): WaymarkError =>
  new WaymarkError('limit', {
    message: 'the values of an Arrow dictionary are too long for offsets of 32 bits',
    means: 'Nothing was saved.',
    remedy: 'Use the large type of text, bytes or lists for its values.',
  })
