import { Buffer } from 'node:buffer'

/**
 * WTF-8: UTF-8 that also holds surrogates without a partner, as three bytes each (https://simonsapin.github.io/wtf-8/).
 * Surrogates that form a pair are one four-byte sequence, so that every string has one encoding.
 */
export function encodeWtf8(text: string): Uint8Array {
  const parts: Uint8Array[] = []
  let start = 0
  for (let index = 0; index < text.length; index++) {
    const point = text.codePointAt(index) ?? 0
    if (point > 0xffff) index++
    if (point < 0xd800 || point > 0xdfff) continue
    parts.push(Buffer.from(text.slice(start, index), 'utf8'))
    parts.push(Uint8Array.of(0xed, 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f)))
    start = index + 1
  }
  parts.push(Buffer.from(text.slice(start), 'utf8'))
  return Buffer.concat(parts)
}

/** The string, or undefined if `bytes` is not what {@link encodeWtf8} gives for it. */
export function decodeWtf8(bytes: Uint8Array): string | undefined {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let text = ''
  let start = 0
  for (let index = 0; index + 2 < source.length; index++) {
    const second = source[index + 1] ?? 0
    const third = source[index + 2] ?? 0
    // In UTF-8 the byte ED is followed by 80-9F; ED A0-BF is a surrogate.
    if (source[index] !== 0xed || (second & 0xe0) !== 0xa0 || (third & 0xc0) !== 0x80) continue
    text += source.toString('utf8', start, index)
    text += String.fromCharCode(0xd000 | ((second & 0x3f) << 6) | (third & 0x3f))
    start = index + 3
    index += 2
  }
  text += source.toString('utf8', start)
  return Buffer.from(encodeWtf8(text)).equals(source) ? text : undefined
}
