const pageBytes = 4096

/** New bytes at a place. */
export interface Patch {
  readonly position: number
  readonly bytes: Uint8Array
}

/**
 * The bytes of a simulated file at one moment. Immutable, so that every moment of a trace can be kept: what follows from an edit
 * shares all pages that did not change.
 */
export class FileContent {
  static readonly empty = new FileContent(0, [])

  readonly length: number
  /** A missing page is all zeros; so is whatever lies beyond `length` in the last one. */
  readonly #pages: readonly (Uint8Array | undefined)[]

  private constructor(length: number, pages: readonly (Uint8Array | undefined)[]) {
    this.length = length
    this.#pages = pages
  }

  /** The content with the patches laid over it in order and then brought to `length`; a patch beyond that is cut. */
  edit(patches: readonly Patch[], length: number): FileContent {
    const pages = this.#pages.slice(0, Math.ceil(length / pageBytes))
    const own = new Set<number>()
    const ownPage = (index: number): Uint8Array => {
      const present = pages[index]
      if (present && own.has(index)) return present
      const page = present ? present.slice() : new Uint8Array(pageBytes)
      pages[index] = page
      own.add(index)
      return page
    }

    for (const { position, bytes } of patches) {
      const end = Math.min(position + bytes.length, length)
      for (let at = position; at < end; ) {
        const start = at % pageBytes
        const count = Math.min(pageBytes - start, end - at)
        ownPage(Math.floor(at / pageBytes)).set(bytes.subarray(at - position, at - position + count), start)
        at += count
      }
    }
    const rest = length % pageBytes
    if (length < this.length && rest > 0) ownPage(Math.floor(length / pageBytes)).fill(0, rest)
    return new FileContent(length, pages)
  }

  write(bytes: Uint8Array, position: number): FileContent {
    return this.edit([{ position, bytes }], Math.max(this.length, position + bytes.length))
  }

  truncate(length: number): FileContent {
    return this.edit([], length)
  }

  /** Up to `length` bytes, fewer at the end; a copy. */
  read(position: number, length: number): Uint8Array {
    return this.readPadded(position, Math.max(0, Math.min(length, this.length - position)))
  }

  /** Exactly `length` bytes, with zeros for what lies beyond the end; a copy. */
  readPadded(position: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const start = (position + done) % pageBytes
      const count = Math.min(pageBytes - start, length - done)
      const page = this.#pages[Math.floor((position + done) / pageBytes)]
      if (page) bytes.set(page.subarray(start, start + count), done)
      done += count
    }
    return bytes
  }
}
