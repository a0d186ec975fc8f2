import { Buffer, isUtf8 } from 'node:buffer'
import type { WaymarkError } from '../model/errors.ts'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { damagedValue } from './damaged-value.ts'
import { exactHalfBits, halfFromBits } from './float16.ts'
import { findShortText, shortTextBytes } from './short-texts.ts'
import type { StoredKey } from './stored-keys.ts'
import { decodeWtf8 } from './wtf8.ts'

/**
 * Reads the parts of CBOR items and refuses every form that the writer does not make: what is damaged is then noticed more often,
 * and a value has one encoding. Reading past the end throws the RangeError of DataView, which `decodeValue` turns into `corrupt`;
 * lengths are checked before anything is allocated for them.
 */
export class ByteReader {
  readonly #bytes: Buffer
  readonly #view: DataView
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get position(): number {
    return this.#position
  }

  get remaining(): number {
    return this.#view.byteLength - this.#position
  }

  /** Goes over so many items by their heads. False, and nothing done, if a value in them is shared: what refers to it may come later. */
  skipItems(count: number): boolean {
    const view = this.#view
    let at = this.#position
    for (let items = count; items > 0; items--) {
      const initial = view.getUint8(at++)
      const information = initial & 31
      let argument = information
      if (information === 24) argument = view.getUint8(at)
      else if (information === 25) argument = view.getUint16(at)
      else if (information === 26) argument = view.getUint32(at)
      else if (information === 27) argument = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
      else if (information > 27) throw this.damaged('the head of an item is none')
      if (information > 23) at += 1 << (information - 24)
      const type = initial >> 5
      if (type === major.bytes || type === major.text) at += argument
      else if (type === major.array) items += argument
      else if (type === major.map) items += 2 * argument
      else if (type === major.tag) {
        if (argument === cborTag.shareable || argument === cborTag.reference) return false
        items++
      }
    }
    if (at > view.byteLength) throw this.damaged('the value goes on where the bytes end')
    this.#position = at
    return true
  }

  byte(): number {
    return this.#view.getUint8(this.#position++)
  }

  peek(): number {
    return this.#view.getUint8(this.#position)
  }

  /** Whether exactly these bytes come next. */
  comesNext(expected: Uint8Array): boolean {
    return this.#bytes.subarray(this.#position, this.#position + expected.length).equals(expected)
  }

  /** The argument of a head after its first byte: a whole number, at most 2^53 - 1. */
  argument(initial: number): number {
    const information = initial & 31
    if (information < 24) return information
    const position = this.#position
    switch (information) {
      case 24:
        this.#position = position + 1
        return this.#shortest(this.#view.getUint8(position), 24)
      case 25:
        this.#position = position + 2
        return this.#shortest(this.#view.getUint16(position), 0x100)
      case 26:
        this.#position = position + 4
        return this.#shortest(this.#view.getUint32(position), 0x1_0000)
      case 27: {
        this.#position = position + 8
        const high = this.#view.getUint32(position)
        if (high > 0x1f_ffff) throw this.damaged('an integer beyond 2^53, which is always a float or a bigint')
        return this.#shortest(high * 0x1_0000_0000 + this.#view.getUint32(position + 4), 0x1_0000_0000)
      }
      default:
        throw this.damaged('an item of indefinite length, or a head that CBOR reserves')
    }
  }

  #shortest(value: number, least: number): number {
    if (value < least) throw this.damaged('a number that is not in its shortest form')
    return value
  }

  /** The argument of a whole head that must have this major type. */
  head(majorType: number, what: string): number {
    const initial = this.byte()
    if (initial >> 5 !== majorType) throw this.damaged(`no ${what} where one must be`)
    return this.argument(initial)
  }

  /** An integer of either sign. */
  integer(): number {
    const initial = this.byte()
    if (initial >> 5 === major.unsigned) return this.argument(initial)
    if (initial >> 5 === major.negative) return this.negative(initial)
    throw this.damaged('no integer where one must be')
  }

  /** A negative integer after its first byte. */
  negative(initial: number): number {
    const value = -1 - this.argument(initial)
    if (!Number.isSafeInteger(value)) throw this.damaged('an integer beyond -2^53, which is always a float or a bigint')
    return value
  }

  /** A float after its first byte. */
  float(initial: number): number {
    const position = this.#position
    let value: number
    let isShortest: boolean
    if (initial === simple.float64) {
      this.#position = position + 8
      value = this.#view.getFloat64(position)
      isShortest = Math.fround(value) !== value && !Number.isNaN(value)
    } else if (initial === simple.float32) {
      this.#position = position + 4
      value = this.#view.getFloat32(position)
      isShortest = !Number.isNaN(value) && exactHalfBits(value) < 0
    } else {
      this.#position = position + 2
      const bits = this.#view.getUint16(position)
      value = halfFromBits(bits)
      isShortest = !Number.isNaN(value) || bits === 0x7e00
    }
    if (!isShortest || (Number.isSafeInteger(value) && !Object.is(value, -0))) {
      throw this.damaged('a number that is not in its shortest form')
    }
    return value
  }

  /** Checks that `count` items of at least `itemBytes` each can follow, so that a false count cannot make us allocate. */
  expect(count: number, itemBytes: number): void {
    if (count * itemBytes > this.remaining) throw this.damaged(`${count} items announced where ${this.remaining} bytes are left`)
  }

  /** The first byte of a text, then its length and content. Text that UTF-8 cannot hold has a tag. */
  string(): string {
    const initial = this.byte()
    if (initial >> 5 === major.text) return this.text(this.argument(initial))
    if (initial >> 5 === major.tag && this.argument(initial) === cborTag.wtf8) return this.wtf8()
    throw this.damaged('no text where one must be')
  }

  /** `length` bytes of UTF-8. */
  text(length: number): string {
    const start = this.#position
    const end = start + length
    if (length <= shortTextBytes && start + shortTextBytes <= this.#view.byteLength) {
      const known = findShortText(this.#view, this.#bytes, start, length)
      if (known !== undefined) {
        this.#position = end
        return known
      }
    }
    this.expect(length, 1)
    this.#position = end
    const text = this.#bytes.toString('utf8', start, end)
    // Node puts U+FFFD for what is not UTF-8; only then is a second look needed.
    if (text.includes('\ufffd') && !isUtf8(this.#bytes.subarray(start, end))) throw this.damaged('text that is not UTF-8')
    return text
  }

  /** Text with lone surrogates, after its tag. */
  wtf8(): string {
    const text = decodeWtf8(this.bytes())
    if (text === undefined || text.isWellFormed()) throw this.damaged('text that is not WTF-8, or needs no WTF-8')
    return text
  }

  /** Goes past a key if it comes next. */
  skipKey(key: StoredKey): boolean {
    const { words } = key
    const position = this.#position
    if (position + words.length * 4 > this.#view.byteLength) return false
    const last = words.length - 1
    for (let index = 0; index < last; index++) {
      if (this.#view.getInt32(position + index * 4) !== words[index]) return false
    }
    if ((this.#view.getInt32(position + last * 4) & key.lastMask) !== words[last]) return false
    this.#position = position + key.length
    return true
  }

  /** Goes past the mark of an absent element, whose first byte has been read, if it is one. */
  skipAbsent(): boolean {
    if (this.remaining < 2 || this.#view.getUint16(this.#position) !== ((cborTag.absent << 8) | simple.undefined)) return false
    this.#position += 2
    return true
  }

  /** A byte string with its head, copied. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.byteString(this.head(major.bytes, 'byte string'))
  }

  /** `length` bytes, copied. */
  byteString(length: number): Uint8Array<ArrayBuffer> {
    this.expect(length, 1)
    const copy = new Uint8Array(length)
    copy.set(this.#bytes.subarray(this.#position, this.#position + length))
    this.#position += length
    return copy
  }

  damaged(problem: string, cause?: unknown): WaymarkError {
    return damagedValue(problem, Math.min(this.#position, this.#view.byteLength), cause)
  }
}
