const rotated = (value: number, bits: number): number => ((value << bits) | (value >>> (32 - bits))) >>> 0

function permuted([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number[] {
  let [v0, v1, v2, v3] = [a, b, c, d]
  for (let round = 0; round < 12; round++) {
    v0 = (v0 + v1) >>> 0
    v1 = (rotated(v1, 5) ^ v0) >>> 0
    v0 = rotated(v0, 16)
    v2 = (v2 + v3) >>> 0
    v3 = (rotated(v3, 8) ^ v2) >>> 0
    v0 = (v0 + v3) >>> 0
    v3 = (rotated(v3, 13) ^ v0) >>> 0
    v2 = (v2 + v1) >>> 0
    v1 = (rotated(v1, 7) ^ v2) >>> 0
    v2 = rotated(v2, 16)
  }
  return [v0, v1, v2, v3]
}

const wordsOf = (bytes: Buffer): number[] => [0, 4, 8, 12].map(at => bytes.readUInt32LE(at))

const mixed = (one: readonly number[], other: readonly number[]): number[] => one.map((word, i) => (word ^ (other[i] ?? 0)) >>> 0)

/** Times two in the field of 2^128 elements with the polynomial x^128 + x^7 + x^2 + x + 1. */
function doubled(words: readonly number[]): number[] {
  const value = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n) << 1n
  const reduced = value >> 128n === 0n ? value : (value & ((1n << 128n) - 1n)) ^ 0x87n
  return [0n, 32n, 64n, 96n].map(shift => Number((reduced >> shift) & 0xffff_ffffn))
}

/** Chaskey-12 as its paper says it, slowly: what the fast one is held against. */
export function chaskey(salt: Uint8Array, bytes: Uint8Array): Buffer {
  const key = wordsOf(Buffer.from(salt))
  const isWhole = bytes.length > 0 && bytes.length % 16 === 0
  const last = isWhole ? doubled(key) : doubled(doubled(key))
  const padded = isWhole ? Buffer.from(bytes) : Buffer.alloc(Math.floor(bytes.length / 16) * 16 + 16)
  if (!isWhole) {
    padded.set(bytes)
    padded[bytes.length] = 1
  }
  let state = key
  for (let at = 0; at < padded.length; at += 16) {
    state = mixed(state, wordsOf(padded.subarray(at, at + 16)))
    if (at + 16 === padded.length) state = mixed(state, last)
    state = permuted(state)
  }
  const out = Buffer.alloc(16)
  for (const [i, word] of mixed(state, last).entries()) out.writeUInt32LE(word, i * 4)
  return out
}
