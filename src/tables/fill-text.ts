import { Buffer } from 'node:buffer'
import type { BatchValues } from './batch-values.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnData, ColumnType } from './columnar.ts'
import { refusedTable } from './refused-table.ts'

/** Text below this many units is copied here unit by unit, longer text by Node, a call of which costs as much as 20 units. */
const shortText = 24
/** Offsets of 32 bits reach no farther; a value is no larger either. */
const mostBytes = 0x7fff_ffff

type TextBuffers = Pick<ColumnData, 'offsets' | 'values'>

/** Texts as UTF-8, one behind the other. */
export function fillText({ column, from, to, absent }: BatchValues, large: boolean): TextBuffers {
  const { values } = column
  const offsets = new Int32Array(to - from + 1)
  let bytes: Buffer = Buffer.allocUnsafe(Math.max(64, (to - from) * 12))
  let position = 0
  for (let index = from; index < to; index++) {
    const value = values[index]
    if (typeof value === 'string') {
      const { length } = value
      if (bytes.length - position < length * 3) bytes = grown(bytes, position, length * 3, column)
      let unit = 0
      if (length < shortText) {
        for (; unit < length; unit++) {
          const code = value.charCodeAt(unit)
          if (code > 0x7f) break
          bytes[position + unit] = code
        }
      }
      if (unit === length) position += length
      else {
        const written = bytes.write(value, position)
        if (written !== length && !value.isWellFormed())
          throw refusedCell(
            column,
            index,
            'is no valid text: half of a surrogate pair',
            'Store its bytes, or mend it with toWellFormed().',
          )
        position += written
      }
    } else absent.note(index - from, value)
    offsets[index - from + 1] = position
  }
  return { offsets: offsetBytes(offsets, large), values: new Uint8Array(bytes.subarray(0, position)) }
}

/** Bytes one behind the other, or side by side where all have the same length. */
export function fillBinary(
  { column, from, to, absent }: BatchValues,
  type: Extract<ColumnType, { kind: 'binary' | 'fixed-binary' }>,
): TextBuffers {
  const { values } = column
  const size = type.kind === 'fixed-binary' ? type.bytes : undefined
  const offsets = new Int32Array(to - from + 1)
  let position = 0
  for (let index = from; index < to; index++) {
    const value = values[index]
    if (value instanceof Uint8Array) {
      if (size !== undefined && value.length !== size)
        throw refusedCell(column, index, `has ${value.length} bytes, not ${size}`, `Give ${size} bytes, or the type binary.`)
      position += value.length
    } else {
      absent.note(index - from, value)
      position += size ?? 0
    }
    if (position > mostBytes) throw tooLong(column)
    offsets[index - from + 1] = position
  }
  const bytes = new Uint8Array(position)
  for (let index = from; index < to; index++) {
    const value = values[index]
    if (value instanceof Uint8Array) bytes.set(value, offsets[index - from] ?? 0)
  }
  return size === undefined
    ? { offsets: offsetBytes(offsets, type.kind === 'binary' && type.large), values: bytes }
    : { values: bytes }
}

function offsetBytes(offsets: Int32Array, large: boolean): Uint8Array {
  if (!large) return new Uint8Array(offsets.buffer)
  return new Uint8Array(BigInt64Array.from(offsets, offset => BigInt(offset)).buffer)
}

function grown(bytes: Buffer, position: number, more: number, column: ColumnValues): Buffer {
  if (position + more > mostBytes) throw tooLong(column)
  const larger = Buffer.allocUnsafe(Math.min(mostBytes, Math.max(bytes.length * 2, position + more)))
  larger.set(bytes.subarray(0, position))
  return larger
}

const tooLong = ({ where, name }: ColumnValues): Error =>
  refusedTable(
    where,
    `64 Ki rows of column ${JSON.stringify(name)} hold more than 2 GiB`,
    'Save it in parts, or save what is so large with save({ bytes }).',
    { column: name },
  )
