import { Buffer } from 'node:buffer'
import { WaymarkError } from '../model/errors.ts'
import { headLength, major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { exactHalfBits } from './float16.ts'
import type { StoredKey } from './stored-keys.ts'
import { encodeWtf8 } from './wtf8.ts'

/** Longest value in bytes: positions stay small integers in the reader and the writer. */
export const maxEncodedBytes = 0x7fff_ffff

/**
 * Text below this many UTF-16 units is copied here unit by unit, longer text by Node. A call of Node costs as much as 20 units; of 8 to
 * 40, this was fastest on a table and on nested state. All of it fits a head of one byte.
 */
const shortText = 24
/** Bytes are gathered in segments of this size, so that a large value is copied once, into memory of its exact size. */
const segmentBytes = 512 * 1024
/** Segments kept for the next value: fresh memory costs a page fault every 4 KiB. */
const keptSegments = 32
/** A byte string from this length on is not copied into a segment: it becomes one. */
const referencedBytes = 64 * 1024

class Segment {
  readonly bytes: Buffer
  readonly view: DataView

  constructor(length: number) {
    this.bytes = Buffer.allocUnsafeSlow(length)
    this.view = new DataView(this.bytes.buffer)
  }
}

const spareSegments: Segment[] = []

/** Appends CBOR items. Always the shortest form of a head or a number. */
export class ByteWriter {
  /** What was written and cannot be added to: full segments, and byte strings that were not copied. */
  readonly #full: Uint8Array[] = []
  readonly #borrowed: Segment[] = []
  #bytes: Buffer
  #view: DataView
  /** From here on the segment is not yet in {@link #full}. */
  #start = 0
  #position = 0
  /** Bytes in {@link #full}. */
  #before = 0

  constructor() {
    const segment = this.#borrow()
    this.#bytes = segment.bytes
    this.#view = segment.view
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#before + this.#position - this.#start
  }

  /** What was written, in memory of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    this.#checkSize()
    const result = new Uint8Array(this.position)
    let position = 0
    for (const segment of this.#full) {
      result.set(segment, position)
      position += segment.length
    }
    result.set(this.#bytes.subarray(this.#start, this.#position), position)
    return result
  }

  /** Gives the segments back. The writer must not be used afterwards. */
  release(): void {
    for (const segment of this.#borrowed) if (spareSegments.length < keptSegments) spareSegments.push(segment)
  }

  byte(value: number): void {
    if (this.#position >= this.#bytes.length) this.#grow(1)
    this.#bytes[this.#position++] = value
  }

  /** The head of an item: major type and argument (a whole number from 0 to 2^53 - 1). */
  head(majorType: number, argument: number): void {
    if (this.#bytes.length - this.#position < 9) this.#grow(9)
    const type = majorType << 5
    if (argument < 24) {
      this.#bytes[this.#position++] = type | argument
    } else if (argument < 0x100) {
      this.#bytes[this.#position] = type | 24
      this.#bytes[this.#position + 1] = argument
      this.#position += 2
    } else if (argument < 0x1_0000) {
      this.#bytes[this.#position] = type | 25
      this.#view.setUint16(this.#position + 1, argument)
      this.#position += 3
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[this.#position] = type | 26
      this.#view.setUint32(this.#position + 1, argument)
      this.#position += 5
    } else {
      this.#bytes[this.#position] = type | 27
      this.#view.setUint32(this.#position + 1, Math.floor(argument / 0x1_0000_0000))
      this.#view.setUint32(this.#position + 5, argument % 0x1_0000_0000)
      this.#position += 9
    }
  }

  /** Safe integers as integers, everything else (and -0) as the shortest float that is exactly the value. */
  number(value: number): void {
    if ((value | 0) === value && value > 0) return this.head(major.unsigned, value)
    if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
      if (value >= 0) this.head(major.unsigned, value)
      else this.head(major.negative, -1 - value)
    } else {
      this.#float(value)
    }
  }

  #float(value: number): void {
    if (this.#bytes.length - this.#position < 9) this.#grow(9)
    const half = Number.isNaN(value) ? 0x7e00 : Math.fround(value) === value ? exactHalfBits(value) : -1
    if (half >= 0) {
      this.#bytes[this.#position] = simple.float16
      this.#view.setUint16(this.#position + 1, half)
      this.#position += 3
    } else if (Math.fround(value) === value) {
      this.#bytes[this.#position] = simple.float32
      this.#view.setFloat32(this.#position + 1, value)
      this.#position += 5
    } else {
      this.#bytes[this.#position] = simple.float64
      this.#view.setFloat64(this.#position + 1, value)
      this.#position += 9
    }
  }

  text(value: string): void {
    const length = value.length
    if (length >= shortText) return this.#nativeText(value)
    if (this.#bytes.length - this.#position <= shortText) this.#grow(shortText + 1)
    const bytes = this.#bytes
    let position = this.#position
    bytes[position++] = (major.text << 5) | length
    for (let index = 0; index < length; index++) {
      const unit = value.charCodeAt(index)
      if (unit > 0x7f) return this.#nativeText(value)
      bytes[position++] = unit
    }
    this.#position = position
  }

  /** A text that is known as it stands in the bytes. */
  key(key: StoredKey): void {
    const words = key.words
    if (this.#bytes.length - this.#position < words.length * 4) this.#grow(words.length * 4)
    let position = this.#position
    const view = this.#view
    for (let index = 0; index < words.length; index++) {
      view.setInt32(position, words[index] ?? 0)
      position += 4
    }
    this.#position += key.length
  }

  /** Writes after a head sized for ASCII and moves the text if it was not. */
  #nativeText(value: string): void {
    const units = value.length
    this.#reserve(9 + (units < 0x1_0000 ? units * 3 : Buffer.byteLength(value)))
    const guessed = headLength(units)
    const written = this.#bytes.write(value, this.#position + guessed)
    if (written !== units && !value.isWellFormed()) {
      this.head(major.tag, cborTag.wtf8)
      this.bytes(encodeWtf8(value))
      return
    }
    const start = this.#position + guessed
    const needed = headLength(written)
    if (needed !== guessed) this.#bytes.copyWithin(this.#position + needed, start, start + written)
    this.head(major.text, written)
    this.#position += written
  }

  /** A byte string. The bytes must not change before {@link copy}. */
  bytes(value: Uint8Array): void {
    this.head(major.bytes, value.length)
    this.raw(value)
  }

  /** Bytes as they are. They must not change before {@link copy}. */
  raw(value: Uint8Array): void {
    if (value.length >= referencedBytes) {
      this.#close()
      this.#full.push(value)
      this.#before += value.length
      this.#checkSize()
      return
    }
    this.#reserve(value.length)
    this.#bytes.set(value, this.#position)
    this.#position += value.length
  }

  #reserve(length: number): void {
    if (this.#bytes.length - this.#position < length) this.#grow(length)
  }

  /** Goes on in another segment, with room for `length` bytes. */
  #grow(length: number): void {
    this.#close()
    this.#checkSize()
    const next = length > segmentBytes ? new Segment(length) : this.#borrow()
    this.#bytes = next.bytes
    this.#view = next.view
    this.#start = 0
    this.#position = 0
  }

  #close(): void {
    this.#full.push(this.#bytes.subarray(this.#start, this.#position))
    this.#before += this.#position - this.#start
    this.#start = this.#position
  }

  #checkSize(): void {
    if (this.position > maxEncodedBytes) throw tooLarge()
  }

  #borrow(): Segment {
    const segment = spareSegments.pop() ?? new Segment(segmentBytes)
    this.#borrowed.push(segment)
    return segment
  }
}

function tooLarge(): WaymarkError {
  return new WaymarkError('limit', {
    message: 'The value is larger than 2 GiB when encoded.',
    means: 'Nothing was saved; what was saved before is untouched.',
    remedy: 'Save it in parts: one checkpoint per part, or items of a stage.',
    details: { maxEncodedBytes },
  })
}
