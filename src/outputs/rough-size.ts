/** About what a row or an object needs beside what is in it, in bytes. */
const base = 16
/** Of one list or object so many entries are looked at; the rest is taken to be like them. */
const mostOfOne = 256
/** In all. */
const mostEntries = 1_000
const deepest = 16

/**
 * About how many bytes a value takes: for deciding when enough of them wait. It takes a tenth of a millisecond at most: of what is large only
 * a part is looked at. What throws when it is read counts as nothing.
 */
export function roughSize(value: unknown): number {
  return sizeOf(value, { left: mostEntries, depth: 0 })
}

interface Walk {
  left: number
  depth: number
}

function sizeOf(value: unknown, walk: Walk): number {
  walk.left--
  if (typeof value === 'string') return base + value.length
  if (typeof value !== 'object' || value === null) return 8
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return base + value.byteLength
  if (walk.depth >= deepest) return base
  walk.depth++
  try {
    if (Array.isArray(value)) return base + likeThese(value, value.length, walk)
    if (value instanceof Set || value instanceof Map) return base + likeThese(value, value.size, walk)
    const names = Object.keys(value)
    return base + likeThese(namesAndValues(value, names), 2 * names.length, walk)
  } catch {
    return base
  } finally {
    walk.depth--
  }
}

function* namesAndValues(value: object, names: readonly string[]): Generator<unknown> {
  for (const name of names) {
    yield name
    yield Reflect.get(value, name)
  }
}

function likeThese(entries: Iterable<unknown>, count: number, walk: Walk): number {
  let bytes = 0
  let seen = 0
  for (const entry of entries) {
    bytes += sizeOf(entry, walk)
    seen++
    if (seen >= mostOfOne || walk.left <= 0) break
  }
  return seen === 0 ? 0 : Math.ceil((bytes / seen) * count)
}
