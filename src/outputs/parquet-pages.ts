import { checkPageRuns, type PageColumn } from './parquet-page-runs.ts'

/** What of a page's header says how much there is to read. */
export interface PageHeader {
  readonly kind: 'data' | 'data-2' | 'dictionary' | 'other'
  readonly end: number
  readonly compressed: number
  readonly uncompressed: number
  readonly values: number
  /** By Parquet's number; of data pages. */
  readonly encoding: number
  /** Of data pages of the second kind: bytes of levels before the values, and whether these are compressed. */
  readonly repetitionBytes: number
  readonly definitionBytes: number
  readonly isCompressed: boolean
}

/**
 * Looks at the headers of the pages of a column before the library does: lengths that lead backwards, or counts beyond what the column holds, would keep it busy for ever. So would
 * the lengths of runs within the pages.
 *
 * @param bytes The column's pages, from the first to the last
 * @throws Error saying what is wrong
 */
export function checkPages(bytes: Uint8Array, { num_values: most }: { readonly num_values: bigint }, column: PageColumn): void {
  for (let at = 0; at < bytes.length - 1; ) {
    const header = new HeaderReader(bytes, at).page()
    if (header.compressed < 0 || header.end + header.compressed > bytes.length) {
      throw new Error(`a page has ${header.compressed} bytes, and ${bytes.length - header.end} are left`)
    }
    // A dictionary may hold values that no row has: of an ENUM of DuckDB it has all.
    if (header.values < 0 || (header.kind !== 'dictionary' && header.values > most))
      throw new Error(`a page has ${header.values} values, its column ${most}`)
    checkPageRuns(header, bytes.subarray(header.end, header.end + header.compressed), column)
    at = header.end + header.compressed
  }
}

/** By the field of a page header that describes the page: how many values it has is field 1 in each. */
const pageKinds: Readonly<Record<number, PageHeader['kind']>> = { 5: 'data', 7: 'dictionary', 8: 'data-2' }

/** The number of each type of page, and the fields that its description must have. */
const pageTypes = {
  data: { type: 0, fields: [1, 2] },
  dictionary: { type: 2, fields: [1] },
  'data-2': { type: 3, fields: [1, 2, 3, 4, 5, 6] },
  other: { type: 1, fields: [] },
} as const

/** Reads as much of Thrift's compact protocol as a page header needs. */
class HeaderReader {
  readonly #bytes: Uint8Array
  #at: number

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes
    this.#at = at
  }

  page(): PageHeader {
    const found: { kind: PageHeader['kind'] } = { kind: 'other' }
    let compressed = -1
    let uncompressed = -1
    let type = -1
    let numbers: ReadonlyMap<number, number> = new Map()
    this.#struct((id, kind) => {
      if (id === 1) type = this.#number()
      else if (id === 3) compressed = this.#number()
      else if (id === 2) uncompressed = this.#number()
      else if (id in pageKinds && kind === 12) {
        found.kind = pageKinds[id] ?? 'other'
        numbers = this.#numbers()
      } else this.#skip(kind, 0)
    })
    const { kind } = found
    if (pageTypes[kind].type !== type) throw new Error(`a page of type ${type} is described as another`)
    const missing = pageTypes[kind].fields.find(id => !numbers.has(id))
    if (missing !== undefined) throw new Error(`the header of a page lacks its field ${missing}`)
    const isSecond = kind === 'data-2'
    const counts = (isSecond ? [1, 2, 3] : [1]).map(id => numbers.get(id) ?? 0)
    return {
      kind,
      end: this.#at,
      compressed,
      uncompressed,
      values: counts.some(count => count < 0) ? -1 : Math.max(...counts),
      encoding: numbers.get(isSecond ? 4 : 2) ?? 0,
      repetitionBytes: numbers.get(6) ?? 0,
      definitionBytes: numbers.get(5) ?? 0,
      isCompressed: numbers.get(7) !== 0,
    }
  }

  /** The fields of a header of one kind that are numbers; true and false as 1 and 0. */
  #numbers(): ReadonlyMap<number, number> {
    const numbers = new Map<number, number>()
    this.#struct((id, type) => {
      if (type >= 4 && type <= 6) numbers.set(id, this.#number())
      else if (type === 1 || type === 2) numbers.set(id, 2 - type)
      else this.#skip(type, 0)
    })
    return numbers
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
