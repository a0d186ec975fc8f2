/** Indexes that a page of bits covers: 4 KiB. */
const pageItems = 32_768
const wordBits = 32
const noPage = new Uint32Array(0)

/**
 * Items that are finished, by index: a bit each, in pages where they lie. To ask and to add take nanoseconds in whatever order items are finished, also where that leaves millions of holes; ten million
 * indexes from 0 take 1.25 MB. Numbers far apart take a page each: they are better keys.
 */
export class TrackedIndexes {
  readonly #pages = new Map<number, Uint32Array<ArrayBuffer>>()
  #number = -1
  #page: Uint32Array<ArrayBuffer> = noPage

  has(index: number): boolean {
    const number = Math.floor(index / pageItems)
    if (number !== this.#number) this.#turnTo(number)
    const bit = index - number * pageItems
    return (((this.#page[bit >>> 5] ?? 0) >>> (bit & 31)) & 1) === 1
  }

  add(index: number): void {
    const number = Math.floor(index / pageItems)
    if (number !== this.#number || this.#page === noPage) this.#make(number)
    const bit = index - number * pageItems
    this.#page[bit >>> 5] = (this.#page[bit >>> 5] ?? 0) | (1 << (bit & 31))
  }

  /** Adds `from` to `to`, both included. */
  addRange(from: number, to: number): void {
    let index = from
    while (index <= to) {
      const bit = index % pageItems
      const words = Math.floor((Math.min(to + 1, index - bit + pageItems) - index) / wordBits)
      if (bit % wordBits !== 0 || words === 0) {
        this.add(index++)
        continue
      }
      this.#make(Math.floor(index / pageItems))
      this.#page.fill(0xffff_ffff, bit / wordBits, bit / wordBits + words)
      index += words * wordBits
    }
  }

  #turnTo(number: number): void {
    this.#number = number
    this.#page = this.#pages.get(number) ?? noPage
  }

  #make(number: number): void {
    this.#turnTo(number)
    if (this.#page !== noPage) return
    this.#page = new Uint32Array(pageItems / wordBits)
    this.#pages.set(number, this.#page)
  }
}
