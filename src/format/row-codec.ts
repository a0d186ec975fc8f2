import { WaymarkError } from '../model/errors.ts'
import { maxEncodedBytes } from './byte-writer.ts'
import { type Codec, CodecRegistry } from './codec.ts'
import { type DecodeOptions, decodeValue } from './decode-value.ts'
import { ValueEncoder } from './value-encoder.ts'

/*
 * Rows are a CBOR sequence (RFC 8742) of encoded items (tag 24, RFC 8949 3.4.5.1): d8 18 | head of a byte string | the encoded row. The length in front of each lets a reader take
 * them one by one from a stream whose pieces end anywhere.
 */
const tag = 0xd8
const encodedItem = 24
const byteString = 0x40

/** Rows up to this length are encoded one after the other in the same memory. */
const shortRowBytes = 64 * 1024

/** Encodes rows one by one. `release` it when done. */
export class RowEncoder {
  readonly #codecs: CodecRegistry
  #encoder: ValueEncoder

  constructor(codecs: readonly Codec[]) {
    this.#codecs = CodecRegistry.of(codecs)
    this.#encoder = new ValueEncoder(this.#codecs, false)
  }

  /**
   * `place` gives memory for the bytes of the row, of which it is told how many there are.
   *
   * @throws WaymarkError `invalid` with the path inside the row if it cannot be stored, `limit`
   */
  encode(row: unknown, place: (length: number) => Uint8Array): void {
    if (typeof row !== 'object' || row === null || !this.#encodeShort(row, place)) this.#encodeAny(row, place)
  }

  release(): void {
    this.#encoder.release()
  }

  #encodeShort(row: object, place: (length: number) => Uint8Array): boolean {
    const { out } = this.#encoder
    const start = out.position
    try {
      if (!this.#encoder.attempt(row, shortRowBytes, Number.MAX_SAFE_INTEGER)) return false
    } catch (error) {
      const explained = this.#encoder.explained(error)
      this.release()
      this.#encoder = new ValueEncoder(this.#codecs, false)
      throw explained
    }
    const bytes = out.since(start)
    const head = rowHead(bytes.length)
    const target = place(head.length + bytes.length)
    target.set(head)
    target.set(bytes, head.length)
    out.rewind(start)
    return true
  }

  #encodeAny(row: unknown, place: (length: number) => Uint8Array): void {
    const encoder = new ValueEncoder(this.#codecs, false)
    try {
      encoder.encode(row)
      const length = encoder.out.position
      const head = rowHead(length)
      const target = place(head.length + length)
      target.set(head)
      encoder.out.copyTo(target, head.length)
    } finally {
      encoder.release()
    }
  }
}

function rowHead(length: number): Uint8Array {
  if (length < 24) return Uint8Array.of(tag, encodedItem, byteString | length)
  if (length < 0x100) return Uint8Array.of(tag, encodedItem, byteString | 24, length)
  if (length < 0x1_0000) return Uint8Array.of(tag, encodedItem, byteString | 25, length >>> 8, length & 0xff)
  return Uint8Array.of(
    tag,
    encodedItem,
    byteString | 26,
    length >>> 24,
    (length >>> 16) & 0xff,
    (length >>> 8) & 0xff,
    length & 0xff,
  )
}

/** Takes rows out of a stream, whatever pieces it comes in. Holds no more than a piece and the beginning of a row. */
export class RowDecoder {
  readonly #options: DecodeOptions
  /** What came of a row that is not complete. */
  #rest: Uint8Array[] = []
  #restBytes = 0
  /** Bytes there must be before it is worth looking again. */
  #wanted = 1

  constructor(options: DecodeOptions) {
    this.#options = options
  }

  /**
   * The rows that are complete with this piece.
   *
   * @throws WaymarkError `corrupt` if what comes is no row
   */
  *add(piece: Uint8Array): IterableIterator<unknown> {
    if (this.#restBytes + piece.length < this.#wanted) {
      this.#keep(new Uint8Array(piece))
      return
    }
    // Joined once for a row, however many pieces it came in.
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([...this.#rest, piece])
    this.#rest = []
    this.#restBytes = 0
    let at = 0
    for (;;) {
      const head = readHead(bytes, at)
      this.#wanted = head === undefined ? bytes.length - at + 1 : head.size + head.length
      if (head === undefined || at + this.#wanted > bytes.length) break
      const from = at + head.size
      yield decodeValue(bytes.subarray(from, from + head.length), this.#options)
      at = from + head.length
    }
    if (at < bytes.length) this.#keep(new Uint8Array(bytes.subarray(at)))
    else this.#wanted = 1
  }

  /** @throws WaymarkError `corrupt` if the stream ended within a row */
  finish(): void {
    if (this.#restBytes > 0) throw damagedRows('it ends within a row')
  }

  #keep(bytes: Uint8Array): void {
    this.#rest.push(bytes)
    this.#restBytes += bytes.length
  }
}

/** Bytes of the head and of the row behind it; undefined if the head is not there yet. */
function readHead(bytes: Uint8Array, at: number): { readonly size: number; readonly length: number } | undefined {
  const [first, second, third] = [bytes[at], bytes[at + 1], bytes[at + 2]]
  if (first === undefined || second === undefined || third === undefined) return undefined
  if (first !== tag || second !== encodedItem || third >> 5 !== byteString >> 5) throw damagedRows('something is no row')
  const argument = third & 31
  if (argument < 24) return { size: 3, length: argument }
  const extra = argument === 24 ? 1 : argument === 25 ? 2 : argument === 26 ? 4 : undefined
  if (extra === undefined) throw damagedRows('the length of a row is no length')
  if (at + 3 + extra > bytes.length) return undefined
  let length = 0
  for (let i = 0; i < extra; i++) length = length * 256 + (bytes[at + 3 + i] ?? 0)
  if (length > maxEncodedBytes) throw damagedRows('a row is longer than any value')
  return { size: 3 + extra, length }
}

function damagedRows(how: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `the rows of a checkpoint are damaged: ${how}`,
    means: 'The rows before are right; those from here on cannot be read.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
  })
}
