/** Memory of one size that threads can share. Slabs are used again: fresh memory costs a page fault every 4 KiB, more than copying into it. */
export class SlabPool {
  readonly #slabBytes: number
  readonly #mostKept: number
  readonly #spare: Uint8Array<SharedArrayBuffer>[] = []

  constructor(slabBytes: number, mostKept: number) {
    this.#slabBytes = slabBytes
    this.#mostKept = mostKept
  }

  take(): Uint8Array<SharedArrayBuffer> {
    return this.#spare.pop() ?? new Uint8Array(new SharedArrayBuffer(this.#slabBytes))
  }

  /** The slab must not be used afterwards. */
  give(slab: Uint8Array<SharedArrayBuffer>): void {
    if (this.#spare.length < this.#mostKept) this.#spare.push(slab)
  }
}
