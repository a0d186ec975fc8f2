import { type KeyDigester, keyDigestBytes } from './key-digest.ts'

const leastDigests = 64

/** Digests of keys one after another, as a record holds them. */
export class DigestList {
  #bytes = new Uint8Array(keyDigestBytes * leastDigests)
  #length = 0

  /** How many. */
  get length(): number {
    return this.#length / keyDigestBytes
  }

  push({ low, middle, high }: KeyDigester): void {
    if (this.#length + keyDigestBytes > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2)
      grown.set(this.#bytes)
      this.#bytes = grown
    }
    const bytes = this.#bytes
    const at = this.#length
    // Byte by byte: methods of Buffer and DataView took five times as long.
    bytes[at] = low
    bytes[at + 1] = low >>> 8
    bytes[at + 2] = low >>> 16
    bytes[at + 3] = low >>> 24
    bytes[at + 4] = middle
    bytes[at + 5] = middle >>> 8
    bytes[at + 6] = middle >>> 16
    bytes[at + 7] = middle >>> 24
    bytes[at + 8] = high
    bytes[at + 9] = high >>> 8
    bytes[at + 10] = high >>> 16
    this.#length = at + keyDigestBytes
  }

  /** Hands over what there is and begins anew; the result is never written to again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = new Uint8Array(keyDigestBytes * leastDigests)
    this.#length = 0
    return taken
  }
}
