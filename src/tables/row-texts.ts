import { Buffer } from 'node:buffer'

/** The texts that lie one behind the other in UTF-8. All are decoded at once, and then cut: to decode each by itself takes three times as long. */
export function textsOf(bytes: Uint8Array, offsets: ArrayLike<number>): unknown[] {
  const count = offsets.length - 1
  const texts: unknown[] = new Array(count)
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const whole = all.toString('utf8')
  if (whole.length === all.length) {
    for (let index = 0; index < count; index++) texts[index] = whole.substring(offsets[index] ?? 0, offsets[index + 1] ?? 0)
    return texts
  }
  let unit = 0
  let at = 0
  for (let index = 0; index < count; index++) {
    const start = unit
    const end = offsets[index + 1] ?? 0
    for (; at < end; at++) {
      const byte = bytes[at] ?? 0
      // The first byte of a character counts one unit, that of one of four bytes two; the bytes that follow count none.
      if ((byte & 0xc0) !== 0x80) unit += byte >= 0xf0 ? 2 : 1
    }
    texts[index] = whole.substring(start, unit)
  }
  return texts
}
