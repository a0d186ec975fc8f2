import { WaymarkError } from '../model/errors.ts'
import type { FixedColumn, Offsets, VariableColumn } from './canonical-column.ts'
import type { ColumnData, ColumnType } from './columnar.ts'
import { isLittleEndianMachine, littleEndianView, swapped } from './little-endian-view.ts'
import { unpackBits } from './unpack-bits.ts'

const none = new Uint8Array(0)

export function canonicalFixed(
  { rowCount, values = none }: ColumnData,
  type: ColumnType,
  width: number,
  present: Uint8Array | undefined,
): FixedColumn {
  const given = type.kind === 'bool' ? unpackBits(values, rowCount) : values.subarray(0, rowCount * width)
  const withoutNulls = present === undefined ? given : zeroedNulls(given, width, present)
  const bytes = type.kind === 'float' ? oneNaN(withoutNulls, type.bits) : withoutNulls
  return { kind: 'fixed', rowCount, width, bytes, present }
}

function zeroedNulls(given: Uint8Array, width: number, present: Uint8Array): Uint8Array {
  let bytes = given
  if (width === 8 && isZeroWhereNull(littleEndianView(Uint32Array, given), present)) return given
  for (let row = present.indexOf(0); row >= 0; row = present.indexOf(0, row + 1)) {
    for (let at = row * width; at < (row + 1) * width; at++) {
      if (bytes[at] === 0) continue
      if (bytes === given) bytes = new Uint8Array(given)
      bytes[at] = 0
    }
  }
  return bytes
}

/** As it mostly is. */
function isZeroWhereNull(words: Uint32Array, present: Uint8Array): boolean {
  let bits = 0
  for (let row = 0; row < present.length; row++) if (present[row] === 0) bits |= (words[2 * row] ?? 0) | (words[2 * row + 1] ?? 0)
  return bits === 0
}

/** Every NaN as the positive quiet one without payload, and the same bytes where they all are. In words, as an engine may change the bits of a NaN that it handles as a number. */
function oneNaN(given: Uint8Array, bits: 16 | 32 | 64): Uint8Array {
  if (bits === 16) return fixNaNs(given, littleEndianView(Uint16Array, given), 1, 0x7c00, 0x3ff, 0x7e00)
  const words = littleEndianView(Uint32Array, given)
  return bits === 32
    ? fixNaNs(given, words, 1, 0x7f80_0000, 0x7f_ffff, 0x7fc0_0000)
    : fixNaNs(given, words, 2, 0x7ff0_0000, 0xf_ffff, 0x7ff8_0000)
}

function fixNaNs(
  given: Uint8Array,
  words: Uint32Array | Uint16Array,
  step: 1 | 2,
  exponent: number,
  fraction: number,
  canonical: number,
): Uint8Array {
  let fixed: Uint32Array | Uint16Array | undefined
  for (let at = step - 1; at < words.length; at += step) {
    const high = words[at] ?? 0
    if ((high & exponent) !== exponent) continue
    const low = step === 2 ? (words[at - 1] ?? 0) : 0
    if (((high & fraction) | low) === 0 || (high === canonical && low === 0)) continue
    fixed ??= words.slice()
    fixed[at] = canonical
    if (step === 2) fixed[at - 1] = 0
  }
  if (fixed === undefined) return given
  const bytes = new Uint8Array(fixed.buffer)
  return isLittleEndianMachine ? bytes : swapped(bytes, fixed.BYTES_PER_ELEMENT)
}

export function canonicalVariable(data: ColumnData, isLarge: boolean, present: Uint8Array | undefined): VariableColumn {
  const { rowCount, values = none } = data
  const offsets = valueOffsets(data, isLarge)
  const column: VariableColumn = { kind: 'variable', rowCount, bytes: values, offsets, index: undefined, present }
  return present === undefined ? column : emptyNulls(column, present)
}

/** Bytes that belong to a null are left out. */
function emptyNulls(column: VariableColumn, present: Uint8Array): VariableColumn {
  const { rowCount, offsets } = column
  let kept = 0
  let dropped = 0
  const starts = offsets.slice()
  for (let row = 0; row < rowCount; row++) {
    const length = (offsets[row + 1] ?? 0) - (offsets[row] ?? 0)
    if (present[row] === 1) kept += length
    else dropped += length
    starts[row + 1] = kept
  }
  if (dropped === 0) return column
  starts[0] = 0
  const bytes = new Uint8Array(kept)
  for (let row = 0; row < rowCount; row++) {
    if (present[row] === 1) bytes.set(column.bytes.subarray(offsets[row], offsets[row + 1]), starts[row])
  }
  return { ...column, bytes, offsets: starts }
}

/** Of text, binary, lists and maps. */
export function valueOffsets({ rowCount, offsets }: ColumnData, isLarge: boolean): Offsets {
  if (offsets === undefined) return new Uint32Array(rowCount + 1)
  const words = littleEndianView(Uint32Array, offsets)
  if (!isLarge) return words.subarray(0, rowCount + 1)
  const wide = new Float64Array(rowCount + 1)
  for (let row = 0; row <= rowCount; row++) {
    wide[row] = (words[2 * row + 1] ?? 0) * 2 ** 32 + (words[2 * row] ?? 0)
    if (row > 0 && (wide[row] ?? 0) - (wide[row - 1] ?? 0) > 0xffff_ffff) throw tooLong(row - 1)
  }
  return (wide[rowCount] ?? 0) <= 0xffff_ffff ? Uint32Array.from(wide) : wide
}

function tooLong(row: number): WaymarkError {
  return new WaymarkError('limit', {
    message: `Row ${row} of a batch holds a value of more than 4 GiB; the content of a table is hashed with lengths of 32 bits.`,
    means: 'Nothing was hashed and nothing was saved.',
    remedy: 'Keep the value outside of the table, in parts of less than 4 GiB.',
    details: { row },
  })
}
