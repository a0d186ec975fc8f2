/** What of a page's header says how much there is to read. */
interface PageHeader {
  readonly end: number
  readonly compressed: number
  readonly values: number
}

/**
 * Looks at the headers of the pages of a column before the library does: lengths that lead backwards, or counts beyond what the column holds, would keep it busy for ever.
 *
 * @param bytes The column's pages, from the first to the last
 * @throws Error saying what is wrong
 */
export function checkPages(bytes: Uint8Array, { num_values: most }: { readonly num_values: bigint }): void {
  for (let at = 0; at < bytes.length - 1; ) {
    const header = new HeaderReader(bytes, at).page()
    if (header.compressed < 0 || header.end + header.compressed > bytes.length) {
      throw new Error(`a page has ${header.compressed} bytes, and ${bytes.length - header.end} are left`)
    }
    if (header.values < 0 || header.values > most) throw new Error(`a page has ${header.values} values, its column ${most}`)
    at = header.end + header.compressed
  }
}

/** Reads as much of Thrift's compact protocol as a page header needs. */
class HeaderReader {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  page(): PageHeader {
    let compressed = -1
    let values = 0
    this.#struct((id, type) => {
      if (id === 3) compressed = this.#number()
      // Of a data page, a dictionary, a data page of the second kind: field 1 is how many values it has.
      else if ((id === 5 || id === 7 || id === 8) && type === 12) values = this.#count(id)
      else this.#skip(type, 0)
    })
    return { end: this.#at, compressed, values }
  }

  #count(page: number): number {
    let least = 0
    this.#struct((id, type) => {
      const isCount = id === 1 || (page === 8 && (id === 2 || id === 3))
      if (!isCount || type < 4 || type > 6) return this.#skip(type, 0)
      const count = this.#number()
      least = count < 0 || least < 0 ? -1 : Math.max(least, count)
    })
    return least
  }

  #struct(field: (id: number, type: number) => void): void {
    for (let id = 0; ; ) {
      const head = this.#byte()
      if (head === 0) return
      id = head >> 4 === 0 ? this.#number() : id + (head >> 4)
      field(id, head & 15)
    }
  }

  #skip(type: number, depth: number): void {
    if (depth > 8) throw new Error('a page header is nested too deeply')
    switch (type) {
      case 1:
      case 2:
        return
      case 3:
        this.#at++
        return
      case 4:
      case 5:
      case 6:
        this.#number()
        return
      case 7:
        this.#at += 8
        return
      case 8: {
        const length = this.#varint()
        this.#at += length
        return
      }
      case 12:
        this.#struct((_, inner) => this.#skip(inner, depth + 1))
        return
      default:
        throw new Error(`a page header holds a field of type ${type}`)
    }
  }

  /** A signed number: zigzag. */
  #number(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  #varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 49; scale *= 128) {
      const byte = this.#byte()
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
    throw new Error('a page header holds a number that is too long')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new Error('a page header is cut off')
    return byte
  }
}
