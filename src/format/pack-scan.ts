import * as zlib from 'node:zlib'
import { isWaymarkError } from '../model/errors.ts'
import { type FrameEntry, type PackFooter, readEnd, readFooter } from './pack-footer.ts'
import { checkPackHeader, packHeaderLength, type ReadPack, readExactly } from './pack-header.ts'
import {
  chunkBytesOf,
  frameHeadLength,
  frameLength,
  frameMagic,
  headAndTableLength,
  isFrameDigestRight,
  parseFrameHead,
} from './pack-table.ts'

/** Bytes of a file. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** What a scan found in the bytes of a pack. */
export interface PackScan {
  readonly isHeaderIntact: boolean
  /** Footer and trailer, if they are intact. */
  readonly footer: PackFooter | undefined
  /** Frames whose head, table and stored payload are intact, by number. Those behind a loss keep the numbers they were written with. */
  readonly frames: readonly FrameEntry[]
  /** All bytes that are neither those frames nor an intact header, footer or trailer, in order. */
  readonly damaged: readonly ByteRange[]
}

/** A window holds any frame; it is what a scan reads at a time. */
const windowBytes = 2 * 1024 * 1024

/**
 * Finds every intact frame without the help of the footer, also behind damage, in a file that was cut short, and where bytes were
 * lost or added. Holds two windows of 2 MiB and the list.
 *
 * @param onBytes called with the number of bytes newly read
 * @throws what `read` rejects with; WaymarkError `unsupported` if the header is intact and of another format
 */
export async function scanPack(
  read: ReadPack,
  pack: string,
  size: number,
  onBytes: (bytes: number) => void = () => {},
): Promise<PackScan> {
  const footer = await intactOrUndefined(async () => readFooter(await readEnd(read, pack, size), read, pack, size))
  const window = new Window(read, pack, footer?.offset ?? size, onBytes)
  const isHeaderIntact = await intactOrUndefined(async () => {
    checkPackHeader(await window.at(0, packHeaderLength), pack)
    return true
  })
  const frames = new Map<number, FrameEntry>()
  const damaged: ByteRange[] = []
  let goodUntil = isHeaderIntact ? packHeaderLength : 0
  let at = goodUntil
  while (at < window.end) {
    const entry = await frameAt(window, pack, at)
    if (entry === undefined || frames.has(entry.frame)) {
      at = await nextMagic(window, at + 1)
      continue
    }
    if (at > goodUntil) damaged.push({ offset: goodUntil, length: at - goodUntil })
    frames.set(entry.frame, entry)
    at += entry.storedBytes
    goodUntil = at
  }
  if (window.end > goodUntil) damaged.push({ offset: goodUntil, length: window.end - goodUntil })
  return {
    isHeaderIntact: isHeaderIntact === true,
    footer,
    frames: [...frames.values()].sort((a, b) => a.frame - b.frame),
    damaged,
  }
}

async function intactOrUndefined<Value>(find: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await find()
  } catch (error) {
    if (isWaymarkError(error, 'corrupt')) return undefined
    throw error
  }
}

async function frameAt(window: Window, pack: string, at: number): Promise<FrameEntry | undefined> {
  const head = parseFrameHead(await window.at(at, frameHeadLength))
  if (head === undefined || at + frameLength(head) > window.end) return undefined
  if (!isFrameDigestRight(await window.at(at, headAndTableLength(head.chunks)), pack, head.chunks)) return undefined
  const bytes = await window.at(at, frameLength(head))
  if (zlib.crc32(bytes.subarray(headAndTableLength(head.chunks))) !== head.crc32) return undefined
  const { frame, rawBytes, firstChunk, chunks } = head
  return { frame, offset: at, storedBytes: bytes.length, rawBytes, firstChunk, chunks, chunkBytes: chunkBytesOf(bytes, chunks) }
}

/** Where the next frame may begin, at `from` or behind; the end if nowhere. */
async function nextMagic(window: Window, from: number): Promise<number> {
  for (let at = from; at < window.end; ) {
    const bytes = await window.rest(at)
    const found = bytes.indexOf(frameMagic)
    if (found >= 0) return at + found
    if (at + bytes.length >= window.end) break
    // The magic may lie across the edge.
    at += bytes.length - frameMagic.length + 1
  }
  return window.end
}

/** The part of a pack up to `end`, read a window at a time. */
class Window {
  readonly end: number
  readonly #read: ReadPack
  readonly #pack: string
  readonly #onBytes: (bytes: number) => void
  #offset = 0
  #bytes = Buffer.alloc(0)

  constructor(read: ReadPack, pack: string, end: number, onBytes: (bytes: number) => void) {
    this.end = end
    this.#read = read
    this.#pack = pack
    this.#onBytes = onBytes
  }

  /** `length` bytes at `at`, at most a window; fewer at the end. */
  async at(at: number, length: number): Promise<Buffer> {
    const until = Math.min(at + length, this.end)
    if (at < this.#offset || until > this.#offset + this.#bytes.length) await this.#load(at)
    return this.#bytes.subarray(at - this.#offset, until - this.#offset)
  }

  /** What is at hand from `at` on: more than a magic, unless at the end. */
  async rest(at: number): Promise<Buffer> {
    await this.at(at, frameMagic.length)
    return this.#bytes.subarray(at - this.#offset)
  }

  async #load(at: number): Promise<void> {
    const known = Math.max(0, this.#offset + this.#bytes.length - at)
    const length = Math.min(windowBytes, this.end - at)
    this.#bytes = Buffer.from(await readExactly(this.#read, this.#pack, at, length))
    this.#offset = at
    this.#onBytes(Math.max(0, length - known))
  }
}
