import { Buffer } from 'node:buffer'

/** V8 holds no text of 512 MiB or more; a half of that leaves room, and decoding more at once is no faster. */
const mostDecodedBytes = 256 * 1024 * 1024

/**
 * The texts that lie one behind the other in UTF-8. Many are decoded at once, and then cut: to decode each by itself takes three times as long.
 *
 * @param mostBytes decoded at once, but for a single text that is longer
 */
export function textsOf(bytes: Uint8Array, offsets: ArrayLike<number>, mostBytes: number = mostDecodedBytes): unknown[] {
  const count = offsets.length - 1
  const texts: unknown[] = new Array(count)
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let from = 0; from < count; ) {
    const to = all.length <= mostBytes ? count : runEnd(offsets, from, mostBytes)
    addRun(texts, all, offsets, from, to)
    from = to
  }
  return texts
}

/** At least one text. */
function runEnd(offsets: ArrayLike<number>, from: number, mostBytes: number): number {
  const most = (offsets[from] ?? 0) + mostBytes
  let to = from + 1
  while (to + 1 < offsets.length && (offsets[to + 1] ?? 0) <= most) to++
  return to
}

function addRun(texts: unknown[], all: Buffer, offsets: ArrayLike<number>, from: number, to: number): void {
  const first = offsets[from] ?? 0
  const last = offsets[to] ?? 0
  const whole = all.toString('utf8', first, last)
  if (whole.length === last - first) {
    for (let index = from; index < to; index++)
      texts[index] = whole.substring((offsets[index] ?? 0) - first, (offsets[index + 1] ?? 0) - first)
    return
  }
  let unit = 0
  let at = first
  for (let index = from; index < to; index++) {
    const start = unit
    const end = offsets[index + 1] ?? 0
    for (; at < end; at++) {
      const byte = all[at] ?? 0
      // The first byte of a character counts one unit, that of one of four bytes two; the bytes that follow count none.
      if ((byte & 0xc0) !== 0x80) unit += byte >= 0xf0 ? 2 : 1
    }
    texts[index] = whole.substring(start, unit)
  }
}
