import type { Buffer } from 'node:buffer'

/** Texts up to this long are looked up: three words of four bytes. */
export const shortTextBytes = 12
const slots = 4096

// Short texts repeat: states, codes, names. The string made for one is used again for the next with the same bytes, which saves
// making it (8 ns instead of 40) and above all the memory: half of the garbage of reading a table. Whatever came last stays in a
// slot, at most 4096 texts of 12 characters.
const words = new Int32Array(slots * 4)
const texts: string[] = new Array(slots).fill('')

/**
 * The string for `length` bytes of ASCII at `start`; undefined if they are not ASCII.
 * The view must go on for {@link shortTextBytes} after `start`.
 */
export function findShortText(view: DataView, bytes: Buffer, start: number, length: number): string | undefined {
  const first = view.getInt32(start) & maskOf(length)
  const second = view.getInt32(start + 4) & maskOf(length - 4)
  const third = view.getInt32(start + 8) & maskOf(length - 8)
  if (((first | second | third) & 0x8080_8080) !== 0) return undefined
  const hash = Math.imul(Math.imul(Math.imul(first ^ length, 0x9e37_79b1) ^ second, 0x85eb_ca6b) ^ third, 0xc2b2_ae35)
  const slot = (hash ^ (hash >>> 15)) & (slots - 1)
  const at = slot * 4
  const known = texts[slot]
  const isKnown = words[at] === first && words[at + 1] === second && words[at + 2] === third && words[at + 3] === length
  if (isKnown && known !== undefined) return known
  const text = bytes.toString('latin1', start, start + length)
  words[at] = first
  words[at + 1] = second
  words[at + 2] = third
  words[at + 3] = length
  texts[slot] = text
  return text
}

/** The bits of a word that belong to a text of which `length` bytes are left. */
function maskOf(length: number): number {
  if (length >= 4) return -1
  return length <= 0 ? 0 : -1 << ((4 - length) * 8)
}
