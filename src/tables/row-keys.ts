import type { CanonicalColumn, FixedColumn, VariableColumn } from './canonical-column.ts'
import { littleEndianView } from './little-endian-view.ts'
import { finished, lastWord, mixed } from './word-hash.ts'

const nullWord = 0x6c6c_756e

/** A number of 32 bits for each row, which follows from its values alone (docs/table-hash.md). Rows are brought into an order by it, so rows that share one by chance cost only time. */
export function rowKeys(columns: readonly CanonicalColumn[], rowCount: number): Uint32Array {
  const keys = new Uint32Array(rowCount)
  for (const column of columns) {
    if (column.kind === 'variable') addVariable(keys, column)
    else if (column.width === 8) addPairs(keys, column)
    else if (column.width % 4 === 0) addWords(keys, column)
    else addNarrow(keys, column)
  }
  for (let row = 0; row < rowCount; row++) keys[row] = finished(keys[row] ?? 0)
  return keys
}

/** Most columns are so wide. */
function addPairs(keys: Uint32Array, { bytes, present }: FixedColumn): void {
  const words = littleEndianView(Uint32Array, bytes)
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0
    if (present !== undefined && present[row] === 0) keys[row] = mixed(key, nullWord)
    else keys[row] = mixed(mixed(key, words[2 * row] ?? 0), words[2 * row + 1] ?? 0)
  }
}

function addWords(keys: Uint32Array, { bytes, width, present }: FixedColumn): void {
  const words = littleEndianView(Uint32Array, bytes)
  const count = width / 4
  let at = 0
  for (let row = 0; row < keys.length; row++) {
    if (present !== undefined && present[row] === 0) {
      keys[row] = mixed(keys[row] ?? 0, nullWord)
      at += count
      continue
    }
    let key = keys[row] ?? 0
    for (const end = at + count; at < end; at++) key = mixed(key, words[at] ?? 0)
    keys[row] = key
  }
}

function addNarrow(keys: Uint32Array, { bytes, width, present }: FixedColumn): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0
    if (present !== undefined && present[row] === 0) keys[row] = mixed(key, nullWord)
    else if (width === 1) keys[row] = mixed(key, bytes[row] ?? 0)
    else keys[row] = mixedBytes(key, view, row * width, (row + 1) * width)
  }
}

function addVariable(keys: Uint32Array, { bytes, offsets, index, present }: VariableColumn): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const shared = index === undefined ? undefined : new Uint32Array(offsets.length - 1)
  if (shared !== undefined) {
    for (let value = 0; value < shared.length; value++)
      shared[value] = textWord(view, offsets[value] ?? 0, offsets[value + 1] ?? 0)
  }
  let from = offsets[0] ?? 0
  for (let row = 0; row < keys.length; row++) {
    const key = keys[row] ?? 0
    if (shared !== undefined && index !== undefined) {
      keys[row] = mixed(key, present !== undefined && present[row] === 0 ? nullWord : (shared[index[row] ?? 0] ?? 0))
      continue
    }
    const to = offsets[row + 1] ?? 0
    keys[row] = mixed(key, present !== undefined && present[row] === 0 ? nullWord : textWord(view, from, to))
    from = to
  }
}

function textWord(view: DataView, from: number, to: number): number {
  return mixedBytes(to - from, view, from, to)
}

/** Four bytes at a time, little endian; at the end with zeros for those that are missing. */
function mixedBytes(start: number, view: DataView, from: number, to: number): number {
  let key = start
  let at = from
  for (; at + 4 <= to; at += 4) key = mixed(key, view.getUint32(at, true))
  return at === to ? key : mixed(key, lastWord(view, from, at, to))
}
