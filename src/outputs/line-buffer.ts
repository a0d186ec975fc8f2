/** Lines encoded as they come, so that a flush only hands over bytes. Encoding at once measured twice as fast as joining strings later. */
export class LineBuffer {
  #bytes: Buffer = Buffer.allocUnsafe(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Adds the text and a newline. */
  add(line: string): void {
    // UTF-8 takes at most three bytes per UTF-16 unit; counting exactly pays only for long lines.
    const needed = (line.length > 4_096 ? Buffer.byteLength(line) : line.length * 3) + 1
    if (this.#length + needed > this.#bytes.length) this.#grow(this.#length + needed)
    this.#length += this.#bytes.write(line, this.#length)
    this.#bytes[this.#length++] = 10
  }

  /** Hands over what was added and begins anew; the result is never written to again. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = Buffer.allocUnsafe(0)
    this.#length = 0
    return taken
  }

  #grow(atLeast: number): void {
    const grown = Buffer.allocUnsafe(Math.max(atLeast, this.#bytes.length * 2, 16_384))
    this.#bytes.copy(grown, 0, 0, this.#length)
    this.#bytes = grown
  }
}
