import type { CanonicalColumn } from './canonical-column.ts'

/** Column by column: no value before a value, a shorter one before a longer one, then byte by byte as numbers without sign. */
export function compareRows(columns: readonly CanonicalColumn[], a: number, b: number): number {
  for (const column of columns) {
    const { present } = column
    if (present !== undefined) {
      const difference = (present[a] ?? 0) - (present[b] ?? 0)
      if (difference !== 0) return difference
      if (present[a] === 0) continue
    }
    const difference =
      column.kind === 'fixed'
        ? compareBytes(column.bytes, a * column.width, b * column.width, column.width)
        : compareValues(column, a, b)
    if (difference !== 0) return difference
  }
  return 0
}

function compareValues({ bytes, offsets, index }: CanonicalColumn & { readonly kind: 'variable' }, a: number, b: number): number {
  const [valueA, valueB] = index === undefined ? [a, b] : [index[a] ?? 0, index[b] ?? 0]
  if (valueA === valueB) return 0
  const [fromA, fromB] = [offsets[valueA] ?? 0, offsets[valueB] ?? 0]
  const length = (offsets[valueA + 1] ?? 0) - fromA
  const difference = length - ((offsets[valueB + 1] ?? 0) - fromB)
  return difference !== 0 ? difference : compareBytes(bytes, fromA, fromB, length)
}

function compareBytes(bytes: Uint8Array, a: number, b: number, length: number): number {
  for (let at = 0; at < length; at++) {
    const difference = (bytes[a + at] ?? 0) - (bytes[b + at] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
