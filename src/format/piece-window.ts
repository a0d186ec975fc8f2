import { damagedValue } from './damaged-value.ts'

const firstCapacity = 64 * 1024

/** Bytes that come piece by piece, from a place that is moved on: what is behind it is held, what is before it is gone. */
export class PieceWindow {
  readonly #pieces: AsyncIterator<Uint8Array>
  #bytes = new Uint8Array(firstCapacity)
  #start = 0
  #filled = 0

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /**
   * Bytes from `offset` on, which are valid until the next call.
   *
   * @throws WaymarkError `corrupt` where there are fewer
   */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const end = offset + length - this.#start
    while (this.#filled < end) {
      const next = await this.#pieces.next()
      if (next.done === true) throw damagedValue('it ends too early', this.#start + this.#filled)
      this.#add(next.value)
    }
    return this.#bytes.subarray(offset - this.#start, end)
  }

  /** Nothing before `offset` is asked for again. */
  moveTo(offset: number): void {
    const gone = Math.min(offset - this.#start, this.#filled)
    this.#bytes.copyWithin(0, gone, this.#filled)
    this.#start += gone
    this.#filled -= gone
  }

  /** Reads to the end, where the source says whether all of it was right. @throws WaymarkError `corrupt` if there is more */
  async finish(): Promise<void> {
    if (this.#filled > 0) throw damagedValue('bytes after the end of the value', this.#start)
    for (let next = await this.#pieces.next(); next.done !== true; next = await this.#pieces.next())
      if (next.value.length > 0) throw damagedValue('bytes after the end of the value', this.#start)
  }

  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  #add(piece: Uint8Array): void {
    const needed = this.#filled + piece.length
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
      bytes.set(this.#bytes.subarray(0, this.#filled))
      this.#bytes = bytes
    }
    this.#bytes.set(piece, this.#filled)
    this.#filled = needed
  }
}
