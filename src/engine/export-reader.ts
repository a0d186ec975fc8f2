import { createHash, type Hash } from 'node:crypto'
import { digestText } from '../chunks/chunk-store.ts'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { Codec } from '../format/codec.ts'
import { blobChunks, chunkLength, valueChunks } from '../format/cut-chunks.ts'
import { decodeValue } from '../format/decode-value.ts'
import {
  damagedExport,
  type ExportedFacts,
  exportDigestBytes,
  mostPieceBytes,
  readExportHead,
} from '../format/exported-checkpoint.ts'
import { decodeOutline } from '../format/outline.ts'
import { RowDecoder } from '../format/row-codec.ts'
import { isWaymarkError, type WaymarkError } from '../model/errors.ts'
import type { Content } from './save-checkpoint.ts'
import { cappedTables, type TablesOfCheckpoint } from './tables-of-checkpoint.ts'
import type { ValueSnapshot } from './value-snapshot.ts'
import { inlineBelowBytes } from './write-checkpoint.ts'

const tablesIn = ({ tables = [], tableCount = tables.length }: ExportedFacts): TablesOfCheckpoint =>
  cappedTables(tables, tableCount)

/** A value up to this size is decoded before it is kept; a longer one when it is loaded. */
const mostCheckedBytes = 64 * 1024 * 1024

/** Reads an exported checkpoint, from which nothing is believed: its content ends with an error unless every byte was what its digests say. */
export class ExportReader {
  readonly #shown: string
  readonly #codecs: readonly Codec[]
  readonly #source: AsyncIterator<Uint8Array>
  readonly #file: Hash = createHash('sha256')
  #at: Buffer = Buffer.alloc(0)
  #facts: ExportedFacts | undefined

  constructor(source: AsyncIterable<Uint8Array>, shown: string, codecs: readonly Codec[]) {
    this.#source = source[Symbol.asyncIterator]()
    this.#shown = shown
    this.#codecs = codecs
  }

  async head(): Promise<ExportedFacts> {
    this.#facts ??= await readExportHead(length => this.#take(length), this.#shown)
    return this.#facts
  }

  /** What it holds, as it is saved. */
  async content(): Promise<Content> {
    const facts = await this.head()
    const { encoding, logicalBytes, outline } = facts
    const tables = tablesIn(facts)
    if (encoding === 'cbor' && logicalBytes < inlineBelowBytes) return { kind: 'value', snapshot: await this.#short(facts) }
    let rows = 0
    const pieces = this.#pieces(facts, count => {
      rows += count
    })
    return {
      kind: encoding,
      pieces,
      ...(encoding === 'rows' ? { rows: () => rows } : {}),
      ...(outline === undefined ? {} : { outline: () => outline }),
      tables,
    }
  }

  async #short(facts: ExportedFacts): Promise<ValueSnapshot> {
    const pieces: StreamPiece[] = []
    for await (const piece of this.#pieces(facts, () => {})) pieces.push(piece)
    return {
      length: facts.logicalBytes,
      pieces,
      outline: () => undefined,
      tables: tablesIn(facts),
      usesMemory: false,
      epoch: 0,
      keep: () => {},
      release: () => {},
    }
  }

  /**
   * Each chunk is a part of its own: it is then cut as it was, whatever part it came from. The last is handed on when all is proven.
   */
  async *#pieces(facts: ExportedFacts, onRows: (count: number) => void): AsyncIterableIterator<StreamPiece> {
    const check = new ContentCheck(facts, this.#codecs, onRows)
    const isCut = facts.digest.startsWith('chunks:')
    let last: StreamPiece | undefined
    for (;;) {
      const length = (await this.#take(4)).readUInt32LE()
      if (length === 0) break
      if (length > mostPieceBytes) throw this.#damaged('a piece is longer than one can be')
      const bytes = await this.#take(length)
      this.#checked(() => check.add(bytes))
      if (last !== undefined) yield last
      last = { kind: kindOf(bytes, isCut), bytes, endsPart: isCut }
    }
    const found = this.#file.digest()
    if (!(await this.#take(exportDigestBytes, false)).equals(found))
      throw this.#damaged('it has another digest than when it was written')
    if (await this.#hasMore()) throw this.#damaged('more follows behind its end')
    this.#checked(() => check.finish())
    if (last !== undefined) yield last
  }

  #checked(check: () => string | undefined): void {
    try {
      const problem = check()
      if (problem !== undefined) throw this.#damaged(problem)
    } catch (error) {
      if (!isWaymarkError(error) || error.details['file'] === this.#shown) throw error
      throw this.#damaged(error.message, error)
    }
  }

  /** Exactly so many bytes, hashed unless they are the digest itself. */
  async #take(length: number, hashed = true): Promise<Buffer> {
    const parts: Buffer[] = []
    let missing = length
    while (missing > 0) {
      if (this.#at.length === 0 && !(await this.#hasMore())) throw this.#damaged('it ends before its end')
      const part = this.#at.subarray(0, missing)
      this.#at = this.#at.subarray(part.length)
      missing -= part.length
      parts.push(part)
    }
    const [only] = parts
    const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
    if (hashed) this.#file.update(bytes)
    return bytes
  }

  async #hasMore(): Promise<boolean> {
    while (this.#at.length === 0) {
      const next = await this.#source.next()
      if (next.done === true) return false
      const { value } = next
      this.#at = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
    return true
  }

  #damaged(how: string, cause?: unknown): WaymarkError {
    return damagedExport(this.#shown, how, cause)
  }
}

/** The kind of part by whose sizes the chunk would be one chunk again: that by which it was cut. */
function kindOf(chunk: Uint8Array, isCut: boolean): 'value' | 'blob' {
  if (!isCut) return 'value'
  const isWhole = (sizes: typeof valueChunks): boolean => chunkLength(chunk, 0, chunk.length, sizes) === chunk.length
  return isWhole(valueChunks) || !isWhole(blobChunks) ? 'value' : 'blob'
}

/** Whether the content is what the facts say of it. Each check gives what is wrong, or throws it. */
class ContentCheck {
  readonly #facts: ExportedFacts
  readonly #codecs: readonly Codec[]
  readonly #digest = createHash('sha256')
  #rows: RowDecoder | undefined
  readonly #onRows: (count: number) => void
  readonly #held: Uint8Array[] | undefined
  #bytes = 0
  #rowCount = 0

  constructor(facts: ExportedFacts, codecs: readonly Codec[], onRows: (count: number) => void) {
    const { encoding, logicalBytes } = facts
    this.#facts = facts
    this.#codecs = codecs
    this.#rows = encoding === 'rows' ? new RowDecoder({ codecs }) : undefined
    this.#onRows = onRows
    this.#held = encoding === 'cbor' && logicalBytes <= mostCheckedBytes ? [] : undefined
  }

  add(bytes: Uint8Array): string | undefined {
    const { digest, logicalBytes } = this.#facts
    this.#bytes += bytes.length
    if (this.#bytes > logicalBytes) return 'it holds more than it says'
    this.#digest.update(digest.startsWith('chunks:') ? createHash('sha256').update(bytes).digest() : bytes)
    this.#held?.push(bytes)
    this.#addRows(bytes)
    return undefined
  }

  finish(): string | undefined {
    const { digest, logicalBytes, outline, rows } = this.#facts
    if (this.#bytes !== logicalBytes) return 'it holds less than it says'
    const found = this.#digest.digest()
    const shown = digest.startsWith('chunks:') ? digestText(found) : `sha256:${found.toString('hex')}`
    if (shown !== digest) return 'its content has another digest than when it was saved'
    this.#rows?.finish()
    if (rows !== undefined && rows !== this.#rowCount) return 'it holds another number of rows than it says'
    if (outline !== undefined) decodeOutline(outline, logicalBytes)
    if (this.#held !== undefined) orUnknown(() => decodeValue(Buffer.concat(this.#held ?? []), { codecs: this.#codecs }))
    return undefined
  }

  #addRows(bytes: Uint8Array): void {
    const { rows } = this.#facts
    if (this.#rows === undefined) return
    const before = this.#rowCount
    const all = orUnknown(() => {
      for (const _row of this.#rows?.add(bytes) ?? []) this.#rowCount++
    })
    if (!all) {
      this.#rows = undefined
      this.#rowCount = rows ?? 0
    }
    this.#onRows(this.#rowCount - before)
  }
}

/** Instances of classes that are not registered here are whole all the same, but what holds them cannot be looked at: false. */
function orUnknown(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch (error) {
    if (isWaymarkError(error, 'unsupported')) return false
    throw error
  }
}
