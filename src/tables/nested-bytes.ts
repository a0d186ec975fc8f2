import { ByteSink } from './byte-sink.ts'
import { canonicalFixed, valueOffsets } from './canonical-values.ts'
import type { ColumnData, ColumnField, ColumnType } from './columnar.ts'
import { fixedWidth } from './fixed-width.ts'
import { littleEndianView } from './little-endian-view.ts'
import { presentRows } from './present-rows.ts'

/** Writes the value of a row, which has one. */
type WriteValue = (row: number) => void

const noRows: ColumnData = { rowCount: 0, nullCount: 0 }
const none = new Uint8Array(0)

/** The values of a list, struct, map or union column as bytes (docs/table-hash.md), with where each begins. Rows without value have none. */
export function nestedBytes(
  data: ColumnData,
  type: ColumnType,
  present: Uint8Array | undefined,
): { readonly bytes: Uint8Array; readonly offsets: Float64Array | Uint32Array } {
  const sink = new ByteSink()
  const write = writerOf(data, type, sink)
  const ends = new Float64Array(data.rowCount + 1)
  for (let row = 0; row < data.rowCount; row++) {
    if (present?.[row] !== 0) write(row)
    ends[row + 1] = sink.length
  }
  return { bytes: sink.written(), offsets: sink.length <= 0xffff_ffff ? Uint32Array.from(ends) : ends }
}

function writerOf(data: ColumnData, type: ColumnType, sink: ByteSink): WriteValue {
  switch (type.kind) {
    case 'null':
      return () => {}
    case 'utf8':
    case 'binary':
      return textWriter(data, type.large, sink)
    case 'list':
      return listWriter(data, valueOffsets(data, type.large), type.item, sink)
    case 'map':
      return listWriter(data, valueOffsets(data, false), type.entries, sink)
    case 'fixed-list':
      return listWriter(
        data,
        Uint32Array.from({ length: data.rowCount + 1 }, (_, row) => row * type.size),
        type.item,
        sink,
      )
    case 'struct':
      return structWriter(data, type.fields, sink)
    case 'union':
      return unionWriter(data, type, sink)
    case 'dictionary':
      return sharedWriter(data, type, sink)
    default:
      return fixedWriter(data, type, sink)
  }
}

function fixedWriter(data: ColumnData, type: ColumnType, sink: ByteSink): WriteValue {
  const width = fixedWidth(type) ?? 0
  const { bytes } = canonicalFixed(data, type, width, presentRows(data))
  return row => sink.copy(bytes, row * width, (row + 1) * width)
}

function textWriter(data: ColumnData, isLarge: boolean, sink: ByteSink): WriteValue {
  const { values = none } = data
  const offsets = valueOffsets(data, isLarge)
  return row => {
    const [from, to] = [offsets[row] ?? 0, offsets[row + 1] ?? 0]
    sink.word(to - from)
    sink.copy(values, from, to)
  }
}

function listWriter(data: ColumnData, offsets: Uint32Array | Float64Array, item: ColumnField, sink: ByteSink): WriteValue {
  const write = memberWriter(data.children?.[0], item, sink)
  return row => {
    const [from, to] = [offsets[row] ?? 0, offsets[row + 1] ?? 0]
    sink.word(to - from)
    for (let at = from; at < to; at++) write(at)
  }
}

function structWriter(data: ColumnData, fields: readonly ColumnField[], sink: ByteSink): WriteValue {
  const members = fields.map((field, at) => memberWriter(data.children?.[at], field, sink))
  return row => {
    for (const write of members) write(row)
  }
}

/** Which member it is by its place in the type, whatever id stands for it. */
function unionWriter(data: ColumnData, type: ColumnType & { readonly kind: 'union' }, sink: ByteSink): WriteValue {
  const members = type.fields.map((field, at) => memberWriter(data.children?.[at], field, sink))
  const places = type.mode === 'dense' ? littleEndianView(Int32Array, data.offsets ?? none) : undefined
  return row => {
    const member = type.typeIds.indexOf(data.typeIds?.[row] ?? 0)
    sink.word(member)
    members[member]?.(places?.[row] ?? row)
  }
}

function sharedWriter(data: ColumnData, type: ColumnType & { readonly kind: 'dictionary' }, sink: ByteSink): WriteValue {
  const write = writerOf(data.dictionary ?? noRows, type.values, sink)
  return row => write(indexAt(data, type.index.bits, row))
}

function indexAt({ values = none }: ColumnData, bits: 8 | 16 | 32 | 64, row: number): number {
  let index = 0
  for (let at = Math.min(bits / 8, 6) - 1; at >= 0; at--) index = index * 256 + (values[(row * bits) / 8 + at] ?? 0)
  return index
}

/** A member says first whether it is there. */
function memberWriter(data: ColumnData = noRows, field: ColumnField, sink: ByteSink): WriteValue {
  const write = writerOf(data, field.type, sink)
  const isPresent = presenceOf(data, field.type)
  return row => {
    const isThere = isPresent(row)
    sink.byte(isThere ? 1 : 0)
    if (isThere) write(row)
  }
}

function presenceOf(data: ColumnData, type: ColumnType): (row: number) => boolean {
  if (type.kind === 'null') return () => false
  const present = presentRows(data)
  if (type.kind !== 'dictionary') return row => present?.[row] !== 0
  const ofValue = presenceOf(data.dictionary ?? noRows, type.values)
  return row => present?.[row] !== 0 && ofValue(indexAt(data, type.index.bits, row))
}
