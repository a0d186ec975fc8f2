/** Bytes that grow at the end. */
export class ByteSink {
  length = 0
  #bytes = new Uint8Array(1024)

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = value
  }

  /** 32 bits, little endian. */
  word(value: number): void {
    this.#reserve(4)
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.length++] = value >>> shift
  }

  /** The bytes of `source` in [from, to). */
  copy(source: Uint8Array, from: number, to: number): void {
    this.#reserve(to - from)
    for (let at = from; at < to; at++) this.#bytes[this.length++] = source[at] ?? 0
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  #reserve(byteCount: number): void {
    if (this.length + byteCount <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + byteCount))
    bytes.set(this.written())
    this.#bytes = bytes
  }
}
