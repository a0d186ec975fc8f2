import { Buffer } from 'node:buffer'
import { major, simple } from './cbor-heads.ts'
import { damagedValue } from './damaged-value.ts'

/** Gives bytes of a stored value: exactly `length` of them. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array>

/** First read after going elsewhere, and the longest: reading on doubles it. */
const leastWindow = 1024
const longestWindow = 64 * 1024
const longestHead = 9
const nothing = Buffer.alloc(0)

/** The first bytes of an item. */
export interface ItemHead {
  readonly majorType: number
  readonly argument: number
  /** Where what comes after the head begins. */
  readonly after: number
}

/** Goes through CBOR items by their heads, without making values of them, in bytes that are somewhere else. */
export class ItemReader {
  readonly #read: ReadBytes
  readonly #length: number
  #window: Buffer = nothing
  #start = 0
  #windowBytes = leastWindow

  /** @param length of all the bytes; nothing beyond is read */
  constructor(read: ReadBytes, length: number) {
    this.#read = read
    this.#length = length
  }

  async head(position: number): Promise<ItemHead> {
    await this.#need(position, Math.min(longestHead, this.#length - position))
    return this.#headAt(position)
  }

  /** Where the item that begins here ends. */
  async skip(position: number): Promise<number> {
    let items = 1
    let at = position
    while (items > 0) {
      await this.#need(at, Math.min(longestHead, this.#length - at))
      // As many items as lie in the window.
      const safe = Math.min(this.#start + this.#window.length, this.#length) - longestHead
      do {
        const { majorType, argument, after } = this.#headAt(at)
        items--
        at = after
        if (majorType === major.bytes || majorType === major.text) at += argument
        else if (majorType === major.array) items += argument
        else if (majorType === major.map) items += 2 * argument
        else if (majorType === major.tag) items++
        if (at + items > this.#length) throw damagedValue('a part of it goes on beyond its end', at)
      } while (items > 0 && at <= safe)
    }
    return at
  }

  /** Behind the first of these tags from `from`, where an item begins, up to `to`, at whatever depth; undefined if there is none. */
  async findTag(from: number, to: number, tag: number): Promise<number | undefined> {
    let at = from
    while (at < to) {
      await this.#need(at, Math.min(longestHead, this.#length - at))
      const safe = Math.min(this.#start + this.#window.length, this.#length) - longestHead
      do {
        const { majorType, argument, after } = this.#headAt(at)
        if (majorType === major.tag && argument === tag) return after
        at = majorType === major.bytes || majorType === major.text ? after + argument : after
      } while (at < to && at <= safe)
    }
    return undefined
  }

  /** Whether exactly these bytes stand here. */
  async matches(position: number, expected: Uint8Array): Promise<boolean> {
    if (position < 0 || position + expected.length > this.#length) return false
    await this.#need(position, expected.length)
    const from = position - this.#start
    return this.#window.compare(expected, 0, expected.length, from, from + expected.length) === 0
  }

  async #need(position: number, length: number): Promise<void> {
    const end = this.#start + this.#window.length
    if (position >= this.#start && position + length <= end) return
    if (position < 0 || length <= 0) throw damagedValue('a part of it lies beyond its end', position)
    const goesOn = position >= this.#start && position <= end
    this.#windowBytes = goesOn ? Math.min(longestWindow, this.#windowBytes * 2) : leastWindow
    const wanted = Math.min(Math.max(this.#windowBytes, length), this.#length - position)
    const bytes = await this.#read(position, wanted)
    if (bytes.length !== wanted) throw damagedValue('it is shorter than it must be', position)
    this.#window = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#start = position
  }

  #headAt(position: number): ItemHead {
    const at = position - this.#start
    const initial = this.#window[at] ?? 0
    const majorType = initial >> 5
    const information = initial & 31
    if (information < 24) return { majorType, argument: information, after: position + 1 }
    const bytes = information < 28 ? 1 << (information - 24) : 0
    const isUnknown = majorType === major.simple && initial < simple.float16
    if (bytes === 0 || isUnknown || at + 1 + bytes > this.#window.length)
      throw damagedValue('the head of an item is none', position)
    const argument = majorType === major.simple ? 0 : this.#argument(at + 1, bytes)
    return { majorType, argument, after: position + 1 + bytes }
  }

  #argument(at: number, bytes: number): number {
    if (bytes === 1) return this.#window.readUInt8(at)
    if (bytes === 2) return this.#window.readUInt16BE(at)
    if (bytes === 4) return this.#window.readUInt32BE(at)
    return this.#window.readUInt32BE(at) * 0x1_0000_0000 + this.#window.readUInt32BE(at + 4)
  }
}
