import { Buffer } from 'node:buffer'
import { major, simple } from './cbor-heads.ts'
import { cborTag } from './cbor-tags.ts'
import { damagedValue } from './damaged-value.ts'
import { type DecodeOptions, decodeValue } from './decode-value.ts'

/** A value that was decoded, with its bytes. */
export interface DecodedValue {
  readonly bytes: Uint8Array
  readonly value: unknown
}

/** Shorter containers are decoded as a whole: to look into them costs more than it saves. */
const leastBytes = 4_096

/**
 * As `decodeValue`, for a value that is to be compared with another: where the same bytes stand at the same place of both, in arrays from either end and in plain objects under the same keys in the same order, the parts of the
 * other are given again instead of equal ones, so that only what differs takes memory.
 *
 * @throws WaymarkError `corrupt` like `decodeValue`
 */
export function decodeBeside(bytes: Uint8Array, other: DecodedValue, options: DecodeOptions = {}): unknown {
  const beside = new Beside(bufferOf(bytes), bufferOf(other.bytes), options)
  return beside.isSharing
    ? decodeValue(bytes, options)
    : beside.value({ start: 0, end: bytes.length }, { start: 0, end: other.bytes.length }, other.value)
}

interface Extent {
  readonly start: number
  readonly end: number
}

class Beside {
  readonly #bytes: Buffer
  readonly #other: Buffer
  readonly #options: DecodeOptions

  constructor(bytes: Buffer, other: Buffer, options: DecodeOptions) {
    this.#bytes = bytes
    this.#other = other
    this.#options = options
  }

  /** A part that says "the same as that one" cannot be decoded without the others. */
  get isSharing(): boolean {
    return (
      holdsTag(this.#bytes, cborTag.shareable, cborTag.reference) || holdsTag(this.#other, cborTag.shareable, cborTag.reference)
    )
  }

  value(at: Extent, otherAt: Extent, other: unknown): unknown {
    if (this.#areEqual(at, otherAt)) return other
    if (at.end - at.start >= leastBytes) {
      const [head, otherHead] = [headAt(this.#bytes, at.start), headAt(this.#other, otherAt.start)]
      if (
        head.majorType === major.array &&
        otherHead.majorType === major.array &&
        Array.isArray(other) &&
        other.length === otherHead.argument
      ) {
        return this.#array(elements(this.#bytes, head, at.end), elements(this.#other, otherHead, otherAt.end), other)
      }
      if (head.majorType === major.map && otherHead.majorType === major.map && isPlainObject(other)) {
        const made = this.#object(head, at.end, otherHead, otherAt.end, other)
        if (made !== undefined) return made
      }
    }
    return decodeValue(this.#bytes.subarray(at.start, at.end), this.#options)
  }

  /** @param starts where each element begins, and behind them where the last one ends */
  #array(starts: Float64Array, otherStarts: Float64Array, other: readonly unknown[]): unknown[] {
    const count = starts.length - 1
    const otherCount = otherStarts.length - 1
    const least = Math.min(count, otherCount)
    let suffix = 0
    while (suffix < least && this.#areEqual(extent(starts, count - 1 - suffix), extent(otherStarts, otherCount - 1 - suffix)))
      suffix++
    const made: unknown[] = new Array(count)
    for (let i = 0; i < count; i++) {
      const twin = i >= count - suffix ? i - count + otherCount : i
      const at = extent(starts, i)
      made[i] =
        twin < otherCount
          ? this.value(at, extent(otherStarts, twin), other[twin])
          : decodeValue(this.#bytes.subarray(at.start, at.end), this.#options)
    }
    return made
  }

  /** Undefined if the two have not the same keys in the same order. */
  #object(head: Head, end: number, otherHead: Head, otherEnd: number, other: Readonly<Record<string, unknown>>): unknown {
    if (head.argument !== otherHead.argument) return undefined
    const made: Record<string, unknown> = {}
    let at = head.after
    let otherAt = otherHead.after
    for (let left = head.argument; left > 0; left--) {
      const keyEnd = endOf(this.#bytes, at)
      const otherKeyEnd = endOf(this.#other, otherAt)
      if (
        headAt(this.#bytes, at).majorType !== major.text ||
        !this.#areEqual({ start: at, end: keyEnd }, { start: otherAt, end: otherKeyEnd })
      )
        return undefined
      const key = String(decodeValue(this.#bytes.subarray(at, keyEnd)))
      // Of such a key an object makes something else than a property.
      if (key === '__proto__' || !Object.hasOwn(other, key)) return undefined
      at = endOf(this.#bytes, keyEnd)
      otherAt = endOf(this.#other, otherKeyEnd)
      made[key] = this.value({ start: keyEnd, end: at }, { start: otherKeyEnd, end: otherAt }, other[key])
    }
    return at === end && otherAt === otherEnd ? made : undefined
  }

  #areEqual(at: Extent, otherAt: Extent): boolean {
    return (
      at.end - at.start === otherAt.end - otherAt.start &&
      this.#bytes.compare(this.#other, otherAt.start, otherAt.end, at.start, at.end) === 0
    )
  }
}

const extent = (starts: Float64Array, i: number): Extent => ({ start: starts[i] ?? 0, end: starts[i + 1] ?? 0 })

function elements(bytes: Buffer, { argument, after }: Head, end: number): Float64Array {
  if (argument > bytes.length) throw damagedValue('it has more elements than bytes', after)
  const starts = new Float64Array(argument + 1)
  let at = after
  for (let i = 0; i < argument; i++) {
    starts[i] = at
    at = endOf(bytes, at)
  }
  if (at !== end) throw damagedValue('a part of it goes on beyond its end', at)
  starts[argument] = at
  return starts
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

interface Head {
  readonly majorType: number
  readonly argument: number
  /** Where what comes after the head begins. */
  readonly after: number
}

/** Where the item that begins here ends. */
function endOf(bytes: Buffer, start: number): number {
  let at = start
  for (let items = 1; items > 0; items--) {
    const { majorType, argument, after } = headAt(bytes, at)
    at = after
    if (majorType === major.bytes || majorType === major.text) at += argument
    else if (majorType === major.array) items += argument
    else if (majorType === major.map) items += 2 * argument
    else if (majorType === major.tag) items++
    if (at > bytes.length) throw damagedValue('a part of it goes on beyond its end', at)
  }
  return at
}

function holdsTag(bytes: Buffer, ...tags: readonly number[]): boolean {
  for (let at = 0; at < bytes.length; ) {
    const { majorType, argument, after } = headAt(bytes, at)
    if (majorType === major.tag && tags.includes(argument)) return true
    at = majorType === major.bytes || majorType === major.text ? after + argument : after
  }
  return false
}

function headAt(bytes: Buffer, at: number): Head {
  const initial = bytes[at] ?? 0
  const majorType = initial >> 5
  const information = initial & 31
  if (information < 24) return { majorType, argument: information, after: at + 1 }
  const length = information < 28 ? 1 << (information - 24) : 0
  if (length === 0 || at + 1 + length > bytes.length || (majorType === major.simple && initial < simple.float16)) {
    throw damagedValue('the head of an item is none', at)
  }
  const argument =
    majorType === major.simple ? 0 : length === 8 ? Number(bytes.readBigUInt64BE(at + 1)) : bytes.readUIntBE(at + 1, length)
  return { majorType, argument, after: at + 1 + length }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
