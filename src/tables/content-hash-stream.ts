// As a namespace: an old Node has no `hash`, and would fail on the import before it can be told so.
import * as crypto from 'node:crypto'
import { isLittleEndianMachine, swapped } from './little-endian-view.ts'

const none = new Uint8Array(0)
const bufferBytes = 64 * 1024

/**
 * What is hashed, through a buffer that fits the processor's cache. Each section begins at a multiple of 8 bytes, so that it can be written as words.
 */
export class ContentHashStream {
  /** Made when the buffer is full: what fits into it is hashed by one call, which costs less than an object. */
  #hash: crypto.Hash | undefined
  #bytes = none
  #words = new Uint32Array(0)
  #at = 0

  /** @param expectedBytes All that will be hashed, about: a small table gets a small buffer. */
  constructor(expectedBytes: number) {
    this.#allocate(Math.min(bufferBytes, expectedBytes))
  }

  /** Rows of `width` bytes to write at once: as many as the buffer holds, and a multiple of 8. */
  static rowsAtOnce(width: number): number {
    return Math.max(8, Math.floor(bufferBytes / (8 * Math.max(1, width))) * 8)
  }

  /** Makes place for so many bytes, to be written into `bytes` from the answer on. */
  reserve(byteCount: number): number {
    if (this.#at + byteCount > this.#bytes.length) this.#flush()
    if (byteCount > this.#bytes.length) this.#allocate(byteCount)
    const at = this.#at
    this.#at += byteCount
    return at
  }

  /** Makes place for so many words of 32 bits, to be written into `words` from the answer on; then call `wroteWords`. */
  reserveWords(count: number): number {
    if (this.#at % 4 !== 0) this.#flush()
    return this.reserve(4 * count) / 4
  }

  wroteWords(from: number): void {
    if (!isLittleEndianMachine) this.#bytes.set(swapped(this.#bytes.subarray(4 * from, this.#at), 4), 4 * from)
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  /** The same memory as `bytes`. */
  get words(): Uint32Array {
    return this.#words
  }

  /** Of the bytes reserved last, so many at the end are not used. */
  giveBack(byteCount: number): void {
    this.#at -= byteCount
  }

  /** Zeros up to a multiple of 8. @param byteCount Of the section. */
  endSection(byteCount: number): void {
    const padding = (8 - (byteCount % 8)) % 8
    const at = this.reserve(padding)
    this.#bytes.fill(0, at, at + padding)
  }

  digest(): string {
    if (this.#hash === undefined) return crypto.hash('sha256', this.#bytes.subarray(0, this.#at), 'hex')
    this.#flush()
    return this.#hash.digest('hex')
  }

  #flush(): void {
    if (this.#at > 0) {
      this.#hash ??= crypto.createHash('sha256')
      this.#hash.update(this.#bytes.subarray(0, this.#at))
    }
    this.#at = 0
  }

  #allocate(byteCount: number): void {
    this.#words = new Uint32Array(Math.max(64, Math.ceil(byteCount / 4)))
    this.#bytes = new Uint8Array(this.#words.buffer)
  }
}
