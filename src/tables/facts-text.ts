import type { VariableColumn } from './canonical-column.ts'

/** The first and the last text of a column that comes in parts, in the order of their bytes, which for UTF-8 is that of their code points. */
export class TextRange {
  #min: Uint8Array | undefined
  #max: Uint8Array | undefined

  /** UTF-8; undefined where there is none. */
  get min(): Uint8Array | undefined {
    return this.#min
  }

  get max(): Uint8Array | undefined {
    return this.#max
  }

  add({ bytes, offsets, index, present, rowCount }: VariableColumn): void {
    let min = this.#min ?? bytes
    let max = this.#max ?? bytes
    let minValue = -1
    let maxValue = -1
    let minFrom = 0
    let minTo = min.length
    let maxFrom = 0
    let maxTo = max.length
    let hasRange = this.#min !== undefined
    for (let row = 0; row < rowCount; row++) {
      if (present !== undefined && present[row] === 0) continue
      const value = index === undefined ? row : (index[row] ?? 0)
      if (value === minValue || value === maxValue) continue
      const from = offsets[value] ?? 0
      const to = offsets[value + 1] ?? 0
      if (!hasRange || isBefore(bytes, from, to, min, minFrom, minTo)) {
        min = bytes
        minFrom = from
        minTo = to
        minValue = value
      }
      if (!hasRange || isBefore(max, maxFrom, maxTo, bytes, from, to)) {
        max = bytes
        maxFrom = from
        maxTo = to
        maxValue = value
      }
      hasRange = true
    }
    if (minValue >= 0) this.#min = min.slice(minFrom, minTo)
    if (maxValue >= 0) this.#max = max.slice(maxFrom, maxTo)
  }
}

function isBefore(bytes: Uint8Array, from: number, to: number, others: Uint8Array, otherFrom: number, otherTo: number): boolean {
  let at = from
  let other = otherFrom
  for (; at < to && other < otherTo; at++, other++) {
    const difference = (bytes[at] ?? 0) - (others[other] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return to - at < otherTo - other
}
