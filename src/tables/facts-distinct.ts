import type { CanonicalColumn, FixedColumn, VariableColumn } from './canonical-column.ts'
import { littleEndianView } from './little-endian-view.ts'
import { finished, lastWord, mixed } from './word-hash.ts'

export interface DistinctValues {
  readonly count: number
  readonly isEstimate: boolean
}

/** How many different values are counted exactly. */
export const exactDistinctLimit = 4096
const slots = 4 * exactDistinctLimit
const firstSlots = 8
/** For so many values room is made before the first: to grow step by step cost a small table as much as the counting. */
const mostRoomAtFirst = 1024
const registerBits = 14
const registerCount = 1 << registerBits
/** Highest rank: the 32 bits behind those that choose the register. */
const rankLimit = 32

/**
 * How many different values a column has, nulls apart; what the content hash tells apart is different. Exact up to 4,096 (by hashes of 64 bits), from then on a HyperLogLog of 2^14 registers: the standard error is
 * 1.04 / √16384 = 0.8 %. The estimator is the unbiased one of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284), which needs no correction for small or large counts.
 */
export function distinctValues(column: CanonicalColumn): DistinctValues {
  const counter = new DistinctCounter()
  counter.addColumn(column)
  return counter.result()
}

/** The same, of a column that comes in parts. */
export class DistinctCounter {
  /** Pairs of hashes, open addressing; 0 and 0 is a free place. */
  #seen = new Int32Array(2 * firstSlots)
  #count = 0
  #registers: Uint8Array | undefined

  addColumn(column: CanonicalColumn): void {
    if (this.#count === 0) this.#makeRoom(mostDistinct(column))
    if (column.kind === 'variable') countVariable(this, column)
    else if (column.width === 8) countPairs(this, column)
    else if (column.width === 4) countWords(this, column)
    else if (column.width === 1) countSingles(this, column)
    else if (column.width > 0) countFixed(this, column)
  }

  add(first: number, second: number): void {
    if (this.#registers !== undefined) {
      rank(this.#registers, first, second)
      return
    }
    const seen = this.#seen
    const mask = seen.length - 2
    const a = first | 0
    const b = (second | 0) === 0 ? 1 : second | 0
    let place = (a << 1) & mask
    while (seen[place + 1] !== 0) {
      if (seen[place] === a && seen[place + 1] === b) return
      place = (place + 2) & mask
    }
    seen[place] = a
    seen[place + 1] = b
    this.#count++
    if (this.#count * 4 > seen.length || this.#count > exactDistinctLimit) this.#grow()
  }

  result(): DistinctValues {
    if (this.#registers === undefined) return { count: this.#count, isEstimate: false }
    return { count: Math.round(estimated(this.#registers)), isEstimate: true }
  }

  #makeRoom(values: number): void {
    const places = 2 ** Math.ceil(Math.log2(4 * Math.min(mostRoomAtFirst, values)))
    if (places > this.#seen.length) this.#seen = new Int32Array(places)
  }

  #grow(): void {
    const before = this.#seen
    if (this.#count > exactDistinctLimit) this.#registers = new Uint8Array(registerCount)
    else this.#seen = new Int32Array(Math.min(2 * slots, 4 * before.length))
    this.#count = 0
    for (let place = 0; place < before.length; place += 2) {
      const second = before[place + 1] ?? 0
      if (second !== 0) this.add(before[place] ?? 0, second)
    }
  }
}

function mostDistinct(column: CanonicalColumn): number {
  if (column.kind === 'variable') return Math.min(column.rowCount, column.offsets.length)
  return column.width > 1 ? column.rowCount : 2
}

function rank(registers: Uint8Array, first: number, second: number): void {
  const register = first >>> (32 - registerBits)
  const rankOfValue = Math.clz32(second) + 1
  if (rankOfValue > (registers[register] ?? 0)) registers[register] = rankOfValue
}

function estimated(registers: Uint8Array): number {
  const counts = new Float64Array(rankLimit + 2)
  for (const value of registers) counts[value] = (counts[value] ?? 0) + 1
  let sum = registerCount * tau(1 - (counts[rankLimit + 1] ?? 0) / registerCount)
  for (let value = rankLimit; value >= 1; value--) sum = (sum + (counts[value] ?? 0)) / 2
  sum += registerCount * sigma((counts[0] ?? 0) / registerCount)
  return registerCount ** 2 / (2 * Math.LN2 * sum)
}

function sigma(share: number): number {
  if (share === 1) return Number.POSITIVE_INFINITY
  let sum = share
  for (let power = share, factor = 1, before = -1; sum !== before; factor *= 2) {
    power *= power
    before = sum
    sum += power * factor
  }
  return sum
}

function tau(share: number): number {
  if (share === 0 || share === 1) return 0
  let sum = 1 - share
  for (let root = share, factor = 1, before = -1; sum !== before; ) {
    root = Math.sqrt(root)
    before = sum
    factor /= 2
    sum -= (1 - root) ** 2 * factor
  }
  return sum / 3
}

function countPairs(counter: DistinctCounter, { bytes, present, rowCount }: FixedColumn): void {
  const words = littleEndianView(Uint32Array, bytes)
  for (let row = 0; row < rowCount; row++) {
    if (present !== undefined && present[row] === 0) continue
    const low = words[2 * row] ?? 0
    const high = words[2 * row + 1] ?? 0
    const first = mixed(mixed(0x1234_5678, low), high)
    const second = mixed(mixed(0x3c6e_f372, high), low)
    counter.add(finished(first), finished(second ^ (first >>> 7)))
  }
}

/** The same hashes as of four bytes in {@link addBytes}. */
function countWords(counter: DistinctCounter, { bytes, present, rowCount }: FixedColumn): void {
  const words = littleEndianView(Uint32Array, bytes)
  for (let row = 0; row < rowCount; row++) {
    if (present !== undefined && present[row] === 0) continue
    const word = words[row] ?? 0
    const product = Math.imul(0x3c6e_f372 + word, 0x85eb_ca6b)
    const second = (product << 13) | (product >>> 19)
    counter.add(finished(mixed(0x1234_5678 ^ 4, word)), finished(second ^ 4))
  }
}

/** Each of the 256 bytes there can be is hashed once. */
function countSingles(counter: DistinctCounter, { bytes, present, rowCount }: FixedColumn): void {
  const rowOf = new Int32Array(256).fill(-1)
  for (let row = 0; row < rowCount; row++) {
    if (present === undefined || present[row] === 1) rowOf[bytes[row] ?? 0] = row
  }
  const view = viewOf(bytes)
  for (const row of rowOf) if (row >= 0) addBytes(counter, view, row, row + 1)
}

function countFixed(counter: DistinctCounter, { bytes: given, width, present, rowCount }: FixedColumn): void {
  const bytes = viewOf(given)
  for (let row = 0; row < rowCount; row++) {
    if (present === undefined || present[row] === 1) addBytes(counter, bytes, row * width, (row + 1) * width)
  }
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function countVariable(counter: DistinctCounter, { bytes: given, offsets, index, present, rowCount }: VariableColumn): void {
  const bytes = viewOf(given)
  if (index === undefined) {
    for (let row = 0; row < rowCount; row++) {
      if (present === undefined || present[row] === 1) addBytes(counter, bytes, offsets[row] ?? 0, offsets[row + 1] ?? 0)
    }
    return
  }
  const used = new Uint8Array(offsets.length)
  for (let row = 0; row < rowCount; row++) if (present === undefined || present[row] === 1) used[index[row] ?? 0] = 1
  for (let value = used.indexOf(1); value >= 0; value = used.indexOf(1, value + 1)) {
    addBytes(counter, bytes, offsets[value] ?? 0, offsets[value + 1] ?? 0)
  }
}

function addBytes(counter: DistinctCounter, bytes: DataView, from: number, to: number): void {
  let first = 0x1234_5678 ^ (to - from)
  let second = 0x3c6e_f372
  for (let at = from; at < to; at += 4) {
    const word = at + 4 <= to ? bytes.getUint32(at, true) : lastWord(bytes, from, at, to)
    first = mixed(first, word)
    second = Math.imul(second + word, 0x85eb_ca6b)
    second = (second << 13) | (second >>> 19)
  }
  counter.add(finished(first), finished(second ^ (to - from)))
}
