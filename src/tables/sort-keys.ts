/** Fewer keys are sorted as numbers of which the row is the low part. */
const fewRows = 2048
/** About so many rows a bucket: what one column holds of them fits the processor's cache. */
const bucketRows = 4096
const mostBucketBits = 10
const digitBits = 12
/** More keys of one digit than this are no work for an insertion sort. */
const longRun = 32

export interface SortedKeys {
  /** Where each row is after it was brought into a bucket by the high bits of its key, and `rows` is the row at each place; both undefined where there are no buckets. */
  readonly places: Uint32Array | undefined
  readonly rows: Uint32Array | undefined
  /** The places in the order of the keys; rows, where there are no buckets. */
  readonly order: Uint32Array
  /** In the order of `order`. */
  readonly keys: Uint32Array
}

/** The order of keys of 32 bits. The array is used for the answer. */
export function sortKeys(keys: Uint32Array): SortedKeys {
  return keys.length < fewRows ? sortFew(keys) : sortMany(keys)
}

function sortFew(keys: Uint32Array): SortedKeys {
  const packed = new Float64Array(keys.length)
  for (let row = 0; row < keys.length; row++) packed[row] = (keys[row] ?? 0) * fewRows + row
  packed.sort()
  const order = new Uint32Array(keys.length)
  const sorted = new Uint32Array(keys.length)
  for (let at = 0; at < keys.length; at++) {
    const row = (packed[at] ?? 0) % fewRows
    order[at] = row
    sorted[at] = keys[row] ?? 0
  }
  return { places: undefined, rows: undefined, order, keys: sorted }
}

/** Into buckets that fit the processor's cache, then each by the next bits, after which hardly a key is not in its place. Passes over all rows took twice as long: most of it waits for memory. */
function sortMany(given: Uint32Array): SortedKeys {
  const count = given.length
  const lowBits = 32 - Math.min(mostBucketBits, 32 - Math.clz32(Math.floor(count / bucketRows)) + 1)
  const ends = new Uint32Array(2 ** (32 - lowBits))
  const places = new Uint32Array(count)
  const rows = new Uint32Array(count)
  const keys = new Uint32Array(count)
  countDigits(given, 0, count, lowBits, ends)
  for (let row = 0; row < count; row++) {
    const key = given[row] ?? 0
    const bucket = key >>> lowBits
    const place = ends[bucket] ?? 0
    ends[bucket] = place + 1
    places[row] = place
    rows[place] = row
    keys[place] = key
  }
  const order = new Uint32Array(count)
  const sorted: SortedKeys = { places, rows, order, keys: given }
  const counts = new Uint32Array(1 << digitBits)
  let from = 0
  for (const to of ends) {
    if (to > from) sortBucket(keys, sorted, from, to, lowBits - digitBits, counts)
    from = to
  }
  return sorted
}

/** Counts each digit, and leaves in `starts` where it begins. Answers how often the most frequent is there. */
function countDigits(keys: Uint32Array, from: number, to: number, shift: number, starts: Uint32Array): number {
  const mask = starts.length - 1
  starts.fill(0)
  for (let at = from; at < to; at++) {
    const digit = ((keys[at] ?? 0) >>> shift) & mask
    starts[digit] = (starts[digit] ?? 0) + 1
  }
  let start = from
  let most = 0
  for (let digit = 0; digit <= mask; digit++) {
    const own = starts[digit] ?? 0
    if (own > most) most = own
    starts[digit] = start
    start += own
  }
  return most
}

function sortBucket(
  given: Uint32Array,
  { order, keys }: SortedKeys,
  from: number,
  to: number,
  shift: number,
  starts: Uint32Array,
): void {
  const mask = starts.length - 1
  const most = countDigits(given, from, to, shift, starts)
  for (let place = from; place < to; place++) {
    const key = given[place] ?? 0
    const digit = (key >>> shift) & mask
    const at = starts[digit] ?? 0
    starts[digit] = at + 1
    order[at] = place
    keys[at] = key
  }
  if (most > longRun) sortLongRuns(order, keys, from, to, shift)
  for (let at = from + 1; at < to; at++) {
    const key = keys[at] ?? 0
    if (key >= (keys[at - 1] ?? 0)) continue
    const place = order[at] ?? 0
    let free = at
    for (; free > from && (keys[free - 1] ?? 0) > key; free--) {
      keys[free] = keys[free - 1] ?? 0
      order[free] = order[free - 1] ?? 0
    }
    keys[free] = key
    order[free] = place
  }
}

/** Many keys of one digit: the same row many times, or somebody chose the rows so that their keys are alike. */
function sortLongRuns(order: Uint32Array, keys: Uint32Array, from: number, to: number, shift: number): void {
  for (let start = from, end = from; start < to; start = end) {
    const first = keys[start] ?? 0
    let areEqual = true
    for (end = start; end < to && (keys[end] ?? 0) >>> shift === first >>> shift; end++) areEqual &&= keys[end] === first
    if (areEqual || end - start <= longRun) continue
    const high = ((first >>> shift) << shift) >>> 0
    const packed = new Float64Array(end - start)
    for (let at = start; at < end; at++) packed[at - start] = ((keys[at] ?? 0) - high) * 2 ** 32 + (order[at] ?? 0)
    packed.sort()
    for (let at = start; at < end; at++) {
      const one = packed[at - start] ?? 0
      order[at] = one % 2 ** 32
      keys[at] = high + Math.floor(one / 2 ** 32)
    }
  }
}
