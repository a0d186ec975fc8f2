/** Most bytes of a varint where nothing else is said: 35 bits, enough for twice any length below 2^32. */
const mostBytes = 5
/** Enough for every whole number that is exact. */
export const longestVarint = 8

/** Bytes that a whole number below 2^53 takes: 7 bits each, least significant first, all but the last with the high bit set. */
export function varintLength(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  let length = 4
  for (let beyond = 0x1000_0000; value >= beyond; beyond *= 0x80) length++
  return length
}

/** Writes `value` at `at`; where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value
  let end = at
  while (rest >= 0x80) {
    bytes[end++] = (rest % 0x80) + 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[end++] = rest
  return end
}

/** Reads varints one after another. A number that is cut off, too long or not in its shortest form is `undefined`. */
export class VarintReader {
  readonly #bytes: Uint8Array
  readonly #mostBytes: number
  position = 0

  /** @param most bytes of one number */
  constructor(bytes: Uint8Array, most = mostBytes) {
    this.#bytes = bytes
    this.#mostBytes = most
  }

  next(): number | undefined {
    let value = 0
    let scale = 1
    for (let count = 1; count <= this.#mostBytes; count++) {
      const byte = this.#bytes[this.position++]
      if (byte === undefined) return undefined
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return byte === 0 && count > 1 ? undefined : value
      scale *= 0x80
    }
    return undefined
  }
}

/** Small numbers of either sign as small numbers: 0, -1, 1, -2 … become 0, 1, 2, 3 … */
export const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value)

export const unzigzag = (value: number): number => (value % 2 === 0 ? value / 2 : -(value + 1) / 2)
