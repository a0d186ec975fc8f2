import type { CanonicalColumn, FixedColumn, Offsets, VariableColumn } from './canonical-column.ts'
import { ColumnSpace } from './column-space.ts'

/**
 * Batches of one column, one behind the other.
 *
 * @param given memory for what is copied: the column is valid until the next is joined there
 */
export function joinColumns(parts: readonly CanonicalColumn[], empty: CanonicalColumn, given?: ColumnSpace): CanonicalColumn {
  const [first = empty] = parts
  if (parts.length < 2) return first
  const space = given ?? new ColumnSpace()
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0)
  const present = joinPresent(parts, rowCount)
  if (first.kind === 'fixed') return joinFixed(parts.filter(isFixed), first.width, rowCount, present, space)
  const variable = parts.filter(isVariable)
  return first.index === undefined
    ? joinPlain(variable, rowCount, present, space)
    : joinIndexed(variable, rowCount, present, space)
}

function isFixed(part: CanonicalColumn): part is FixedColumn {
  return part.kind === 'fixed'
}

function isVariable(part: CanonicalColumn): part is VariableColumn {
  return part.kind === 'variable'
}

function joinPresent(parts: readonly CanonicalColumn[], rowCount: number): Uint8Array | undefined {
  if (parts.every(part => part.present === undefined)) return
  const present = new Uint8Array(rowCount).fill(1)
  let row = 0
  for (const part of parts) {
    if (part.present !== undefined) present.set(part.present, row)
    row += part.rowCount
  }
  return present
}

function joinFixed(
  parts: readonly FixedColumn[],
  width: number,
  rowCount: number,
  present: Uint8Array | undefined,
  space: ColumnSpace,
): FixedColumn {
  return { kind: 'fixed', rowCount, width, bytes: joinBytes(parts, space), present }
}

function joinPlain(
  parts: readonly VariableColumn[],
  rowCount: number,
  present: Uint8Array | undefined,
  space: ColumnSpace,
): VariableColumn {
  return {
    kind: 'variable',
    rowCount,
    bytes: joinBytes(parts, space),
    offsets: joinOffsets(parts, space),
    index: undefined,
    present,
  }
}

/** A dictionary that several batches share is taken once. */
function joinIndexed(
  parts: readonly VariableColumn[],
  rowCount: number,
  present: Uint8Array | undefined,
  space: ColumnSpace,
): VariableColumn {
  const bases = new Map<Offsets, number>()
  const dictionaries: VariableColumn[] = []
  const index = new Uint32Array(rowCount)
  let values = 0
  let row = 0
  for (const part of parts) {
    let base = bases.get(part.offsets)
    if (base === undefined) {
      base = values
      bases.set(part.offsets, base)
      dictionaries.push(part)
      values += part.offsets.length - 1
    }
    const own = part.index ?? new Uint32Array(part.rowCount)
    for (let at = 0; at < part.rowCount; at++) index[row++] = base + (own[at] ?? 0)
  }
  const offsets = joinOffsets(dictionaries, space)
  return { kind: 'variable', rowCount, bytes: joinBytes(dictionaries, space), offsets, index, present }
}

function joinBytes(parts: readonly { readonly bytes: Uint8Array }[], space: ColumnSpace): Uint8Array {
  const bytes = space.bytes(
    'values',
    parts.reduce((sum, part) => sum + part.bytes.length, 0),
  )
  let at = 0
  for (const part of parts) {
    bytes.set(part.bytes, at)
    at += part.bytes.length
  }
  return bytes
}

/** Each part's offsets follow where the bytes of the one before end. */
function joinOffsets(parts: readonly VariableColumn[], space: ColumnSpace): Offsets {
  const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0)
  const count = parts.reduce((sum, part) => sum + part.offsets.length - 1, 1)
  const joined = bytes <= 0xffff_ffff ? space.words('offsets', count) : new Float64Array(count)
  joined[0] = 0
  let base = 0
  let at = 1
  for (const { offsets, bytes: own } of parts) {
    if (joined instanceof Uint32Array && offsets instanceof Uint32Array) addShifted(joined, at, offsets, base)
    else for (let value = 1; value < offsets.length; value++) joined[at + value - 1] = base + (offsets[value] ?? 0)
    at += offsets.length - 1
    base += own.length
  }
  return joined
}

/** All but the first, which is where the part before ends. A loop of its own: one over both kinds of offsets took many times as long. */
function addShifted(joined: Uint32Array, at: number, offsets: Uint32Array, base: number): void {
  for (let value = 1; value < offsets.length; value++) joined[at + value - 1] = base + (offsets[value] ?? 0)
}
