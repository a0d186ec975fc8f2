/** Items `from` to `to`, both included, by index from 0. */
export type CompletedRange = readonly [from: number, to: number]

/**
 * The exact set of finished items by index: a watermark (everything below it is done) and sparse ranges above it, so that resume is exact under
 * any order of completion. Adding in order costs nanoseconds; a hole costs one range.
 */
export class CompletedSet {
  /** Everything below is in the set; it only grows. */
  #watermark = 0
  /** Disjoint, not touching, ascending ranges above the watermark, flattened: from, to, from, to … */
  readonly #ranges: number[] = []
  #size = 0
  /** Added when somebody asks: a set that is replaced before costs nothing. */
  #queued: (readonly CompletedRange[])[] = []
  #rangesQueued = 0

  get watermark(): number {
    this.#settle()
    return this.#watermark
  }

  get size(): number {
    this.#settle()
    return this.#size
  }

  /** Ranges that were queued since the set was last replaced. */
  get rangesQueued(): number {
    return this.#rangesQueued
  }

  /** Adds ranges, later. */
  queue(ranges: readonly CompletedRange[]): void {
    if (ranges.length === 0) return
    this.#queued.push(ranges)
    this.#rangesQueued += ranges.length
  }

  /** Makes the set these ranges, whatever it was. */
  replace(ranges: readonly CompletedRange[]): void {
    this.#clear()
    this.#queued = []
    this.queue(ranges)
    this.#rangesQueued = 0
  }

  has(index: number): boolean {
    this.#settle()
    if (index < this.#watermark) return true
    if (this.#ranges.length === 0) return false
    const at = this.#firstEndingAtOrAfter(index)
    return at < this.#ranges.length && this.#at(at) <= index
  }

  /** The first index from here on that is not in the set. */
  nextMissing(index: number): number {
    this.#settle()
    if (index < this.#watermark) return this.#watermark
    const at = this.#firstEndingAtOrAfter(index)
    return at < this.#ranges.length && this.#at(at) <= index ? this.#at(at + 1) + 1 : index
  }

  /** Adds one index; returns false if it was there. */
  add(index: number): boolean {
    this.#settle()
    if (index === this.#watermark && this.#ranges.length === 0) {
      this.#watermark++
      this.#size++
      return true
    }
    if (this.has(index)) return false
    this.addRange(index, index)
    return true
  }

  addRange(from: number, to: number): void {
    this.#settle()
    this.#add(from, to)
  }

  #settle(): void {
    if (this.#queued.length === 0) return
    const queued = this.#queued
    this.#queued = []
    for (const ranges of queued) for (const [from, to] of ranges) this.#add(from, to)
  }

  #clear(): void {
    this.#watermark = 0
    this.#ranges.length = 0
    this.#size = 0
  }

  #add(from: number, to: number): void {
    if (to < this.#watermark || to < from) return
    let start = Math.max(from, this.#watermark)
    let end = to
    const ranges = this.#ranges
    // Ranges that overlap or touch [start, end] are merged into it.
    const first = this.#firstEndingAtOrAfter(start - 1)
    let last = first
    let merged = 0
    while (last < ranges.length && this.#at(last) <= end + 1) {
      merged += this.#at(last + 1) - this.#at(last) + 1
      start = Math.min(start, this.#at(last))
      end = Math.max(end, this.#at(last + 1))
      last += 2
    }
    this.#size += end - start + 1 - merged
    if (start === this.#watermark) {
      ranges.splice(first, last - first)
      this.#watermark = end + 1
    } else {
      ranges.splice(first, last - first, start, end)
    }
  }

  /** Takes indexes out again. */
  removeRange(from: number, to: number): void {
    this.#settle()
    if (to < from) return
    const ranges = this.#ranges
    if (from < this.#watermark) {
      const end = this.#watermark - 1
      this.#size -= Math.min(to, end) - from + 1
      this.#watermark = from
      if (to < end) ranges.unshift(to + 1, end)
    }
    const first = this.#firstEndingAtOrAfter(from)
    const kept: number[] = []
    let last = first
    while (last < ranges.length && this.#at(last) <= to) {
      const [start, end] = [this.#at(last), this.#at(last + 1)]
      this.#size -= Math.min(end, to) - Math.max(start, from) + 1
      if (start < from) kept.push(start, from - 1)
      if (end > to) kept.push(to + 1, end)
      last += 2
    }
    ranges.splice(first, last - first, ...kept)
  }

  /** The set as ascending ranges. */
  toRanges(): CompletedRange[] {
    this.#settle()
    const list: CompletedRange[] = this.#watermark > 0 ? [[0, this.#watermark - 1]] : []
    for (let i = 0; i < this.#ranges.length; i += 2) list.push([this.#at(i), this.#at(i + 1)])
    return list
  }

  /** Position in `#ranges` of the first range whose end is at or after `index`. */
  #firstEndingAtOrAfter(index: number): number {
    let low = 0
    let high = this.#ranges.length / 2
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#at(middle * 2 + 1) < index) low = middle + 1
      else high = middle
    }
    return low * 2
  }

  #at(position: number): number {
    return this.#ranges[position] ?? Number.POSITIVE_INFINITY
  }
}

/** Items in ranges that do not overlap. */
export function rangesLength(ranges: readonly CompletedRange[]): number {
  let length = 0
  for (const [from, to] of ranges) length += to - from + 1
  return length
}

/** Ascending ranges of a list of distinct indexes in any order. */
export function rangesOf(indexes: readonly number[]): CompletedRange[] {
  const sorted = Float64Array.from(indexes).sort()
  const ranges: [number, number][] = []
  let open: [number, number] | undefined
  for (const index of sorted) {
    if (open !== undefined && index === open[1] + 1) open[1] = index
    else {
      open = [index, index]
      ranges.push(open)
    }
  }
  return ranges
}
