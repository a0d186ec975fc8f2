/** A hash of 32 bits with one more word of 32 bits in it (docs/table-hash.md). */
export function mixed(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1)
  return product ^ (product >>> 15)
}

/** The hash with each of its bits spread over all of them. */
export function finished(hash: number): number {
  const first = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  const second = Math.imul(first ^ (first >>> 13), 0xc2b2_ae35)
  return second ^ (second >>> 16)
}

/**
 * The bytes from `at` to `to`, of which there are one to three, as a word: little endian, zeros above.
 *
 * @param from where the text begins that they are the end of
 */
export function lastWord(bytes: DataView, from: number, at: number, to: number): number {
  // The last four bytes without those before `at`.
  if (to - from >= 4) return bytes.getUint32(to - 4, true) >>> (8 * (4 - to + at))
  let word = 0
  for (let byte = at, shift = 0; byte < to; byte++, shift += 8) word |= bytes.getUint8(byte) << shift
  return word
}
