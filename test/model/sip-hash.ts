const mask = (1n << 64n) - 1n
const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & mask

/** SipHash-2-4 with 128 bits of output as its paper says it, slowly: what the fast one is held against. */
export function sipHash(salt: Uint8Array, bytes: Uint8Array): Buffer {
  const key = Buffer.from(salt)
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)]
  let [v0, v1, v2, v3] = [
    k0 ^ 0x736f6d6570736575n,
    k1 ^ 0x646f72616e646f6dn ^ 0xeen,
    k0 ^ 0x6c7967656e657261n,
    k1 ^ 0x7465646279746573n,
  ]
  const rounds = (count: number) => {
    for (let i = 0; i < count; i++) {
      v0 = (v0 + v1) & mask
      v1 = rotate(v1, 13n) ^ v0
      v0 = rotate(v0, 32n)
      v2 = (v2 + v3) & mask
      v3 = rotate(v3, 16n) ^ v2
      v0 = (v0 + v3) & mask
      v3 = rotate(v3, 21n) ^ v0
      v2 = (v2 + v1) & mask
      v1 = rotate(v1, 17n) ^ v2
      v2 = rotate(v2, 32n)
    }
  }
  const padded = Buffer.alloc(Math.floor(bytes.length / 8) * 8 + 8)
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length & 0xff
  for (let at = 0; at < padded.length; at += 8) {
    const block = padded.readBigUInt64LE(at)
    v3 ^= block
    rounds(2)
    v0 ^= block
  }
  const out = Buffer.alloc(16)
  v2 ^= 0xeen
  rounds(4)
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 0)
  v1 ^= 0xddn
  rounds(4)
  out.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 8)
  return out
}
