/** Bytes of a digest as records hold it. */
export const keyDigestBytes = 11

/** Bytes of the salt of a stage. */
export const keySaltBytes = 16

/** Of the permutation, for each block of sixteen bytes: those of Chaskey-12. */
const rounds = 12
/** Words of four bytes in a block. */
const blockWords = 4
/** Set in the byte behind the end of what does not fill its last block. */
const padding = 1

/** Keys that together take no more are spelled together. */
const mostTogether = 1 << 16
const utf8 = new TextEncoder()

/**
 * Digests of keys: Chaskey-12 (Mouha and others, 2014; ISO/IEC 29192-6) of the key in UTF-8 under the salt of its stage, cut to its first 88 bits. A lone surrogate is encoded like any other code
 * point, so that no two keys have the same bytes.
 *
 * Of 10 million keys any two have the same 88 bits with a probability of 1.6e-13 (n²/2 over 2^88); with 64 bits it would be 2.7e-6. Chaskey is a keyed function: who does not know the salt,
 * which is random for each stage, cannot make two keys that collide either. It works on words of 32 bits, as JavaScript does: 80 ns for a key of up to 15 bytes, where SipHash-2-4, whose words have
 * 64, took 310, and SHA-256 through node:crypto 600.
 */
export class KeyDigester {
  /** The digest of the key given last: its bytes as little-endian words of 32, 32 and 24 bits, the first two signed. */
  low = 0
  middle = 0
  high = 0
  readonly #salt: Int32Array
  /** For a last block that is whole, and for one that was filled up. */
  readonly #ofWhole: Int32Array
  readonly #ofFilled: Int32Array
  /** The key in words of four bytes, filled up to whole blocks. */
  #words = new Int32Array(64)
  #isFilled = false
  /** Keys that are spelled together, one after another. */
  #together: Uint8Array<ArrayBuffer> | undefined
  #last: string | undefined

  /** @param salt 16 bytes; none for stages that were begun before there were salts */
  constructor(salt: Uint8Array = new Uint8Array(keySaltBytes)) {
    const view = new DataView(salt.buffer, salt.byteOffset, keySaltBytes)
    this.#salt = Int32Array.from([0, 4, 8, 12], offset => view.getInt32(offset, true))
    this.#ofWhole = doubled(this.#salt)
    this.#ofFilled = doubled(this.#ofWhole)
  }

  /** Puts the digest of a key into `low`, `middle` and `high`. */
  digest(key: string): void {
    const words = this.#spell(key)
    this.#last = key
    this.#hash(words)
  }

  /** The same; costs nothing if it is the key given last, as it is where items are finished one at a time. */
  digestAgain(key: string): void {
    if (key !== this.#last) this.digest(key)
  }

  /** Puts the digests of keys into `digests`, one after another, three words each. Of many at once each takes less time: they are encoded in one call. */
  digestAll(keys: readonly string[], digests: Int32Array): void {
    const bytes = this.#encoded(keys.join(''))
    let from = 0
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? ''
      if (bytes === undefined) this.digest(key)
      else this.#hash(this.#spellBytes(bytes, from, key.length))
      from += key.length
      digests[3 * i] = this.low
      digests[3 * i + 1] = this.middle
      digests[3 * i + 2] = this.high
    }
    if (bytes !== undefined) this.#last = keys.at(-1)
  }

  /** Text as a byte for each character, or undefined where it is not all ASCII or takes too much. */
  #encoded(text: string): Uint8Array | undefined {
    if (text.length > mostTogether) return undefined
    this.#together ??= new Uint8Array(mostTogether)
    // No more room than that: anything but ASCII would need more.
    const { read } = utf8.encodeInto(text, this.#together.subarray(0, text.length))
    return read === text.length ? this.#together : undefined
  }

  /** Takes the digest of a key from where it was kept. */
  recall(key: string, digests: Int32Array, at: number): void {
    this.#last = key
    this.low = digests[at] ?? 0
    this.middle = digests[at + 1] ?? 0
    this.high = digests[at + 2] ?? 0
  }

  /** Puts the key into `#words`; how many there are then. */
  #spell(key: string): number {
    const { length } = key
    const words = this.#wordsFor(length)
    let word = 0
    for (let i = 0; i < length; i++) {
      const unit = key.charCodeAt(i)
      if (unit >= 0x80) return this.#spellOther(key)
      word |= unit << ((i & 3) << 3)
      if ((i & 3) !== 3) continue
      words[i >>> 2] = word
      word = 0
    }
    return this.#fill(length, word)
  }

  /** The same for a key that is spelled in bytes already. */
  #spellBytes(bytes: Uint8Array, from: number, length: number): number {
    const words = this.#wordsFor(length)
    const whole = length >>> 2
    let at = from
    for (let i = 0; i < whole; i++) {
      words[i] = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)
      at += 4
    }
    let rest = 0
    for (let shift = 0; at < from + length; shift += 8) rest |= (bytes[at++] ?? 0) << shift
    return this.#fill(length, rest)
  }

  /** Room for a key of so many UTF-16 units, each of which takes at most three bytes of UTF-8. */
  #wordsFor(length: number): Int32Array {
    const most = ((length * 3) >>> 2) + 2 * blockWords
    if (most > this.#words.length) this.#words = new Int32Array(most)
    return this.#words
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
    return this.#fill(bytes, word)
  }

  /** Fills up the last block, unless it is whole; `rest` is what the last word has so far. */
  #fill(bytes: number, rest: number): number {
    const words = this.#words
    let count = bytes >>> 2
    this.#isFilled = bytes === 0 || (bytes & 15) !== 0
    if (!this.#isFilled) return count
    words[count++] = rest | (padding << ((bytes & 3) << 3))
    while (count % blockWords !== 0) words[count++] = 0
    return count
  }

  #hash(count: number): void {
    const words = this.#words
    const last = this.#isFilled ? this.#ofFilled : this.#ofWhole
    const salt = this.#salt
    // Place by place: taking them apart as a list took as long as half a block.
    const w0 = last[0] ?? 0
    const w1 = last[1] ?? 0
    const w2 = last[2] ?? 0
    const w3 = last[3] ?? 0
    let a = salt[0] ?? 0
    let b = salt[1] ?? 0
    let c = salt[2] ?? 0
    let d = salt[3] ?? 0
    for (let at = 0; at < count; at += blockWords) {
      a ^= words[at] ?? 0
      b ^= words[at + 1] ?? 0
      c ^= words[at + 2] ?? 0
      d ^= words[at + 3] ?? 0
      if (at + blockWords === count) {
        a ^= w0
        b ^= w1
        c ^= w2
        d ^= w3
      }
      for (let round = 0; round < rounds; round++) {
        a = (a + b) | 0
        b = ((b << 5) | (b >>> 27)) ^ a
        a = (a << 16) | (a >>> 16)
        c = (c + d) | 0
        d = ((d << 8) | (d >>> 24)) ^ c
        a = (a + d) | 0
        d = ((d << 13) | (d >>> 19)) ^ a
        c = (c + b) | 0
        b = ((b << 7) | (b >>> 25)) ^ c
        c = (c << 16) | (c >>> 16)
      }
    }
    this.low = a ^ w0
    this.middle = b ^ w1
    this.high = (c ^ w2) & 0xff_ffff
  }
}

/** Twice a number of 128 bits in the field that Chaskey works in: shifted, and what falls out comes back as x^7 + x^2 + x + 1. */
function doubled([a = 0, b = 0, c = 0, d = 0]: Int32Array): Int32Array {
  return Int32Array.of((a << 1) ^ (d < 0 ? 0x87 : 0), (b << 1) | (a >>> 31), (c << 1) | (b >>> 31), (d << 1) | (c >>> 31))
}
