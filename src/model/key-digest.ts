/** Bytes of a digest as records hold it. */
export const keyDigestBytes = 11

/** Bytes of the salt of a stage. */
export const keySaltBytes = 16

/** Rounds for each eight bytes, and for each half of the output. */
const blockRounds = 2
const outputRounds = 4

/**
 * Digests of keys: SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012) of the key in UTF-8 under the salt of its stage, cut to its first 88 bits. A lone surrogate is encoded
 * like any other code point, so that no two keys have the same bytes.
 *
 * Of 10 million keys any two have the same 88 bits with a probability of 1.6e-13 (n²/2 over 2^88); with 64 bits it would be 2.7e-6. SipHash is a keyed function: who does not know the salt,
 * which is random for each stage, cannot make two keys that collide either. It takes half the time of SHA-256 through node:crypto.
 */
export class KeyDigester {
  /** The digest of the key given last: bits 0 to 31, 32 to 63 and 64 to 87, as the little-endian words of its bytes. */
  low = 0
  middle = 0
  high = 0
  readonly #salt: Int32Array
  /** The key in words of four bytes, and its length as SipHash puts it. */
  #words = new Int32Array(64)
  #last: string | undefined

  /** @param salt 16 bytes; none for stages that were begun before there were salts */
  constructor(salt: Uint8Array = new Uint8Array(keySaltBytes)) {
    const view = new DataView(salt.buffer, salt.byteOffset, keySaltBytes)
    this.#salt = Int32Array.from([0, 4, 8, 12], offset => view.getInt32(offset, true))
  }

  /** Puts the digest of a key into `low`, `middle` and `high`. */
  digest(key: string): void {
    if (key === this.#last) return
    const words = this.#spell(key)
    this.#last = key
    this.#hash(words)
  }

  /** Puts the key into `#words`; how many there are, an even number. */
  #spell(key: string): number {
    const { length } = key
    // UTF-8 takes at most three bytes per UTF-16 unit.
    const most = ((length * 3) >>> 2) + 4
    if (most > this.#words.length) this.#words = new Int32Array(most)
    const words = this.#words
    let word = 0
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i)
      if (unit >= 0x80) return this.#spellOther(key)
      word |= unit << ((i & 3) << 3)
      if ((i & 3) !== 3) continue
      words[i >>> 2] = word
      word = 0
    }
    return endWords(words, length, word)
  }

  /** The same for keys that are not all ASCII. */
  #spellOther(key: string): number {
    const words = this.#words
    let word = 0
    let bytes = 0
    const put = (byte: number) => {
      word |= byte << ((bytes & 3) << 3)
      if ((++bytes & 3) !== 0) return
      words[(bytes >>> 2) - 1] = word
      word = 0
    }
    for (let i = 0; i < key.length; i++) {
      const code = key.codePointAt(i) ?? 0
      if (code < 0x80) {
        put(code)
        continue
      }
      if (code > 0xffff) i++
      const more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3
      put(((0xff00 >>> (more + 1)) & 0xff) | (code >>> (6 * more)))
      for (let at = more - 1; at >= 0; at--) put(0x80 | ((code >>> (6 * at)) & 0x3f))
    }
    return endWords(words, bytes, word)
  }

  /** 64-bit words as two halves each: v0 is a (low) and b (high), v1 c and d, v2 e and f, v3 g and h. One loop, so that all of them stay in registers. */
  #hash(count: number): void {
    const words = this.#words
    const [k0l = 0, k0h = 0, k1l = 0, k1h = 0] = this.#salt
    let a = k0l ^ 0x70736575
    let b = k0h ^ 0x736f6d65
    // 0xee here and before the output, and 0xdd in its middle, are what the variant with 128 bits differs in.
    let c = k1l ^ 0x6e646f6d ^ 0xee
    let d = k1h ^ 0x646f7261
    let e = k0l ^ 0x6e657261
    let f = k0h ^ 0x6c796765
    let g = k1l ^ 0x79746573
    let h = k1h ^ 0x74656462
    const end = (count >>> 1) * blockRounds
    for (let round = 0; round < end + 2 * outputRounds; round++) {
      if (round < end) {
        if ((round & 1) === 0) {
          g ^= words[round] ?? 0
          h ^= words[round + 1] ?? 0
        }
      } else if (round === end) e ^= 0xee
      else if (round === end + outputRounds) {
        this.low = (a ^ c ^ e ^ g) >>> 0
        this.middle = (b ^ d ^ f ^ h) >>> 0
        c ^= 0xdd
      }
      // v0 += v1; v1 <<<= 13; v1 ^= v0; v0 <<<= 32
      a = (a + c) | 0
      b = (b + d + (a >>> 0 < c >>> 0 ? 1 : 0)) | 0
      let t = (c << 13) | (d >>> 19)
      d = ((d << 13) | (c >>> 19)) ^ b
      c = t ^ a
      t = a
      a = b
      b = t
      // v2 += v3; v3 <<<= 16; v3 ^= v2
      e = (e + g) | 0
      f = (f + h + (e >>> 0 < g >>> 0 ? 1 : 0)) | 0
      t = (g << 16) | (h >>> 16)
      h = ((h << 16) | (g >>> 16)) ^ f
      g = t ^ e
      // v0 += v3; v3 <<<= 21; v3 ^= v0
      a = (a + g) | 0
      b = (b + h + (a >>> 0 < g >>> 0 ? 1 : 0)) | 0
      t = (g << 21) | (h >>> 11)
      h = ((h << 21) | (g >>> 11)) ^ b
      g = t ^ a
      // v2 += v1; v1 <<<= 17; v1 ^= v2; v2 <<<= 32
      e = (e + c) | 0
      f = (f + d + (e >>> 0 < c >>> 0 ? 1 : 0)) | 0
      t = (c << 17) | (d >>> 15)
      d = ((d << 17) | (c >>> 15)) ^ f
      c = t ^ e
      t = e
      e = f
      f = t
      if (round < end && (round & 1) === 1) {
        a ^= words[round - 1] ?? 0
        b ^= words[round] ?? 0
      }
    }
    this.high = (a ^ c ^ e ^ g) & 0xff_ffff
  }
}

/** The last word of eight bytes ends with the length. */
function endWords(words: Int32Array, bytes: number, rest: number): number {
  const place = bytes >>> 2
  const size = bytes << 24
  if ((place & 1) === 0) {
    words[place] = rest
    words[place + 1] = size
    return place + 2
  }
  words[place] = rest | size
  return place + 1
}
