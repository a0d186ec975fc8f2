import { Buffer } from 'node:buffer'
import { headLength, major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { copyShared } from './copy-shared.ts'
import { tooLarge } from './encoding-errors.ts'
import { exactHalfBits } from './float16.ts'
import { borrowSegment, giveBackSegments, Segment, segmentBytes } from './segment-pool.ts'
import type { StoredKey } from './stored-keys.ts'
import type { WrittenPiece } from './written-piece.ts'
import { encodeWtf8 } from './wtf8.ts'

/** Longest value in bytes: positions stay small integers in the reader and the writer. */
export const maxEncodedBytes = 0x7fff_ffff

/**
 * Text below this many UTF-16 units is copied here unit by unit, longer text by Node. A call of Node costs as much as 20 units; of 8 to
 * 40, this was fastest on a table and on nested state. All of it fits a head of one byte.
 */
const shortText = 24
/** A byte string from this length on is not copied into a segment: it becomes one. */
const referencedBytes = 64 * 1024

const noBytes = new Uint8Array(0)

/** Thrown where an attempt to write something short has become too long. Never seen outside of the encoder. */
export const attemptEnded: Error = new Error('longer than attempted')

/** Appends CBOR items. Always the shortest form of a head or a number. */
export class ByteWriter {
  /** What was written and cannot be added to: full segments, and byte strings that were not copied. */
  readonly #full: WrittenPiece[] = []
  readonly #borrowed: Segment[] = []
  #bytes: Buffer
  #view: DataView
  /** The end of the room in the segment, or of an attempt. */
  #limit: number
  /** Where in the segment an attempt must have ended; -1 if none is made. */
  #attemptLimit = -1
  /** From here on the segment is not yet in {@link #full}. */
  #start = 0
  #position = 0
  /** Where the segment begins in all that was written: adds up with the position in it. */
  #origin = 0

  constructor() {
    const segment = this.#borrow()
    this.#bytes = segment.bytes
    this.#view = segment.view
    this.#limit = segment.bytes.length
  }

  /** Bytes written so far. */
  get position(): number {
    return this.#origin + this.#position
  }

  /** What was written, in memory of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    const result = new Uint8Array(this.position)
    this.copyTo(result, 0)
    return result
  }

  /** Copies what was written to `target` from `start` on. */
  copyTo(target: Uint8Array, start: number): void {
    this.#checkSize()
    if (this.#position - this.#start > segmentBytes >> 4) this.#close()
    let position = start
    for (const { bytes } of this.#full) {
      // Twice as fast as `set` where the source is shared memory, but for short ones.
      if (Buffer.isBuffer(bytes)) bytes.copy(target, position)
      else target.set(bytes, position)
      position += bytes.length
    }
    copyShared(this.#bytes, this.#start, this.#position, target, position)
  }

  /** What was written, where it lies: valid until the writer is released or, for leaves, until the value changes. */
  pieces(): readonly WrittenPiece[] {
    this.#checkSize()
    this.#close()
    return this.#full
  }

  /** Gives the segments back. The writer must not be used afterwards. */
  release(): void {
    giveBackSegments(this.#borrowed)
  }

  /**
   * From here on {@link attemptEnded} is thrown once `bytes` or more were written. Returns the position to {@link rewind} to.
   * Text of fewer bytes never ends it, because there is room for three times as many.
   */
  beginAttempt(bytes: number): number {
    const room = Math.min(bytes * 4 + 64, segmentBytes)
    if (this.#bytes.length - this.#position < room) this.#grow(room)
    this.#attemptLimit = this.#position + bytes
    this.#limit = this.#attemptLimit
    return this.position
  }

  /** False if so much was written that the attempt failed. */
  endAttempt(): boolean {
    const isShort = this.#position < this.#attemptLimit
    this.#attemptLimit = -1
    this.#limit = this.#bytes.length
    return isShort
  }

  /** Takes back what was written since the attempt began. */
  rewind(position: number): void {
    this.#position = position - this.#origin
  }

  /** Ends the piece being written, and puts something between it and the next that stands for `length` bytes. */
  insert(marker: object, length: number): void {
    this.#close()
    this.#full.push({ bytes: noBytes, isLeaf: false, marker })
    this.#origin += length
    this.#checkSize()
  }

  /** What was written since then, which must lie in one segment. */
  since(position: number): Buffer {
    return this.#bytes.subarray(position - this.#origin, this.#position)
  }

  byte(value: number): void {
    if (this.#position >= this.#limit) this.#grow(1)
    this.#bytes[this.#position++] = value
  }

  /** The head of an item: major type and argument (a whole number from 0 to 2^53 - 1). */
  head(majorType: number, argument: number): void {
    if (this.#limit - this.#position < 9) this.#grow(9)
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
    if (this.#limit - this.#position < 9) this.#grow(9)
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
    if (this.#limit - this.#position <= shortText) this.#grow(shortText + 1)
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
    if (this.#limit - this.#position < words.length * 4) this.#grow(words.length * 4)
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
    const room = 9 + (units < 0x1_0000 ? units * 3 : Buffer.byteLength(value))
    if (this.#limit - this.#position < room) this.#grow(room)
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

  /** A byte string that the writer's caller made. The bytes must not change before {@link copy}. */
  bytes(value: Uint8Array): void {
    this.head(major.bytes, value.length)
    this.raw(value)
  }

  /** A byte string that is the content of a value in memory. It must not change before {@link copy}. */
  leaf(value: Uint8Array): void {
    this.head(major.bytes, value.length)
    this.raw(value, true)
  }

  /** Bytes as they are. They must not change before {@link copy}. */
  raw(value: Uint8Array, isLeaf: boolean = false): void {
    if (value.length >= referencedBytes) {
      if (this.#attemptLimit >= 0) throw attemptEnded
      this.#close()
      this.#full.push({ bytes: value, isLeaf })
      this.#origin += value.length
      this.#checkSize()
      return
    }
    if (this.#limit - this.#position < value.length) this.#grow(value.length)
    this.#bytes.set(value, this.#position)
    this.#position += value.length
  }

  /** Goes on in another segment, with room for `length` bytes. */
  #grow(length: number): void {
    if (this.#attemptLimit >= 0) return this.#growInAttempt(length)
    this.#close()
    this.#checkSize()
    const next = length > segmentBytes ? new Segment(length) : this.#borrow()
    this.#origin += this.#position
    this.#bytes = next.bytes
    this.#view = next.view
    this.#limit = next.bytes.length
    this.#start = 0
    this.#position = 0
  }

  /** Room is asked for more than is then needed: only what was written counts. */
  #growInAttempt(length: number): void {
    if (this.#position >= this.#attemptLimit || this.#bytes.length - this.#position < length) throw attemptEnded
    this.#limit = Math.max(this.#attemptLimit, this.#position + length)
  }

  #close(): void {
    if (this.#position > this.#start) this.#full.push({ bytes: this.#bytes.subarray(this.#start, this.#position), isLeaf: false })
    this.#start = this.#position
  }

  #checkSize(): void {
    if (this.position > maxEncodedBytes) throw tooLarge(maxEncodedBytes)
  }

  #borrow(): Segment {
    const segment = borrowSegment()
    this.#borrowed.push(segment)
    return segment
  }
}
