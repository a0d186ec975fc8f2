import type { VariableColumn } from './canonical-column.ts'

/** Rows of the first and the last text in the order of their bytes, which for UTF-8 is that of their code points; -1 where there is none. */
export function textRange({ bytes, offsets, index, present, rowCount }: VariableColumn): {
  readonly minRow: number
  readonly maxRow: number
} {
  let [minRow, maxRow, min, max] = [-1, -1, -1, -1]
  for (let row = 0; row < rowCount; row++) {
    if (present !== undefined && present[row] === 0) continue
    const value = index === undefined ? row : (index[row] ?? 0)
    if (value === min || value === max) continue
    if (min < 0 || isBefore(bytes, offsets, value, min)) {
      min = value
      minRow = row
    }
    if (max < 0 || isBefore(bytes, offsets, max, value)) {
      max = value
      maxRow = row
    }
  }
  return { minRow, maxRow }
}

function isBefore(bytes: Uint8Array, offsets: VariableColumn['offsets'], a: number, b: number): boolean {
  let at = offsets[a] ?? 0
  let other = offsets[b] ?? 0
  const end = offsets[a + 1] ?? 0
  const otherEnd = offsets[b + 1] ?? 0
  for (; at < end && other < otherEnd; at++, other++) {
    const difference = (bytes[at] ?? 0) - (bytes[other] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return end - at < otherEnd - other
}
