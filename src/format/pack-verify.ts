import { isWaymarkError } from '../model/errors.ts'
import { damagedPack } from './damaged-pack.ts'
import { type FrameEntry, readEnd, readFooter } from './pack-footer.ts'
import { asBuffer, checkPackHeader, packHeaderLength, type ReadPack, readExactly } from './pack-header.ts'
import { decodeEntry, decodeEntryTable } from './pack-reader.ts'
import { type ByteRange, scanPack } from './pack-scan.ts'
import { headAndTableLength, type PackChunk } from './pack-table.ts'
import { sha256 } from './sha256.ts'

export interface VerifyPackOptions {
  /** False: header, footer, trailer, heads and tables. True: also every stored payload, and the SHA-256 of every chunk. */
  readonly full: boolean
  /** Called with the number of bytes newly read. */
  readonly onBytes?: (bytes: number) => void
  /**
   * The raw bytes of a delta chunk, which need its base; rejects with `corrupt` if there are none. Without it the payload of deltas is
   * checked, but not what they give.
   */
  readonly resolveDelta?: (payload: Uint8Array, rawBytes: number) => Promise<Uint8Array>
  /** The store the pack must belong to. */
  readonly store?: string
}

/** Something that is wrong with a pack. */
export interface PackProblem {
  /** `unsupported`: intact, but of a version not known here. */
  readonly code: 'corrupt' | 'unsupported'
  readonly reason: string
  /** The bytes that are affected. */
  readonly range: ByteRange
  /** The frame's number. None: not known, or not a frame. */
  readonly frame?: number
  /** Numbers of the chunks that cannot be read. None: not known, or no chunk is affected (the header, the end). */
  readonly chunks?: { readonly first: number; readonly count: number }
}

/**
 * Everything that is wrong with a pack; nothing if it is intact. Does not throw for damage, and goes on behind it. Holds one frame;
 * if the end of the pack is damaged, what a scan holds. Chunks that a repair left out of the footer are no problem of the pack.
 *
 * @throws what `read` and `resolveDelta` reject with, unless it is `corrupt` or `unsupported`
 */
export async function verifyPack(
  read: ReadPack,
  pack: string,
  size: number,
  options: VerifyPackOptions,
): Promise<readonly PackProblem[]> {
  const check = new PackCheck(read, pack, size, options)
  await check.run()
  return check.problems
}

class PackCheck {
  readonly problems: PackProblem[] = []
  readonly #read: ReadPack
  readonly #pack: string
  readonly #size: number
  readonly #options: VerifyPackOptions

  constructor(read: ReadPack, pack: string, size: number, options: VerifyPackOptions) {
    this.#pack = pack
    this.#size = size
    this.#options = options
    this.#read = async (offset, length) => {
      const bytes = await readExactly(read, pack, offset, length)
      options.onBytes?.(length)
      return bytes
    }
  }

  async run(): Promise<void> {
    const headerRange = { offset: 0, length: Math.min(this.#size, packHeaderLength) }
    const header = await this.#outcome(async () => {
      checkPackHeader(await this.#read(0, headerRange.length), this.#pack, this.#options.store)
    })
    if (header.problem) this.problems.push({ ...header.problem, range: headerRange })
    if (header.problem?.code === 'unsupported') return
    const footer = await this.#outcome(async () =>
      readFooter(await readEnd(this.#read, this.#pack, this.#size), this.#read, this.#pack, this.#size),
    )
    const frames = footer.value?.frames ?? (await this.#findFrames(footer.problem?.reason ?? ''))
    for (const entry of frames) await this.#checkFrame(entry)
  }

  /** Without a footer: the frames that a scan finds; what it does not find becomes problems. */
  async #findFrames(reason: string): Promise<readonly FrameEntry[]> {
    const { frames, damaged } = await scanPack(this.#read, this.#pack, this.#size)
    const endOfFrames = frames.reduce((end, { offset, storedBytes }) => Math.max(end, offset + storedBytes), packHeaderLength)
    const endOffset = Math.min(endOfFrames, this.#size)
    this.problems.push({ code: 'corrupt', reason, range: { offset: endOffset, length: this.#size - endOffset } })
    for (const range of damaged) {
      // The rest is told above: the header, and all that follows the last frame.
      if (range.offset + range.length <= packHeaderLength || range.offset >= endOffset) continue
      const chunks = lostChunks(frames, range)
      const lost = `pack ${this.#pack} is damaged: bytes that are no frame`
      this.problems.push({ code: 'corrupt', reason: lost, range, ...(chunks ? { chunks } : {}) })
    }
    return frames
  }

  async #checkFrame(entry: FrameEntry): Promise<void> {
    const place = { frame: entry.frame, range: { offset: entry.offset, length: entry.storedBytes } }
    const { value, problem } = await this.#outcome(() => (this.#options.full ? this.#frame(entry) : this.#table(entry)))
    if (problem) this.problems.push({ ...problem, ...place, chunks: { first: entry.firstChunk, count: entry.chunks } })
    for (const [index, chunk] of (value ?? []).entries()) {
      const chunks = { first: entry.firstChunk + index, count: 1 }
      const wrong = await this.#outcome(() => this.#checkChunk(chunk))
      if (wrong.problem) this.problems.push({ ...wrong.problem, ...place, chunks })
    }
  }

  async #frame(entry: FrameEntry): Promise<readonly PackChunk[]> {
    return decodeEntry(await this.#read(entry.offset, entry.storedBytes), this.#pack, entry).chunks
  }

  async #table(entry: FrameEntry): Promise<readonly PackChunk[]> {
    decodeEntryTable(asBuffer(await this.#read(entry.offset, headAndTableLength(entry.chunks))), this.#pack, entry)
    return []
  }

  async #checkChunk({ kind, payload, rawBytes, digest }: PackChunk): Promise<void> {
    const { resolveDelta } = this.#options
    if (kind === 'delta' && resolveDelta === undefined) return
    const raw = kind === 'delta' && resolveDelta ? await resolveDelta(payload, rawBytes) : payload
    if (!sha256(raw).equals(digest)) throw damagedPack(this.#pack, 'a chunk has another digest')
  }

  /** What `check` gives, or the problem it throws; the range is the caller's to add. */
  async #outcome<Value>(
    check: () => Promise<Value>,
  ): Promise<{ readonly value?: Value; readonly problem?: Pick<PackProblem, 'code' | 'reason'> }> {
    try {
      return { value: await check() }
    } catch (error) {
      if (!isWaymarkError(error) || (error.code !== 'corrupt' && error.code !== 'unsupported')) throw error
      return { problem: { code: error.code, reason: error.message } }
    }
  }
}

/** The chunks between the frames on both sides of a damaged range. */
function lostChunks(frames: readonly FrameEntry[], range: ByteRange): PackProblem['chunks'] {
  const before = frames.findLast(({ offset }) => offset < range.offset)
  const after = frames.find(({ offset }) => offset > range.offset)
  const first = before ? before.firstChunk + before.chunks : 0
  return after && after.firstChunk > first ? { first, count: after.firstChunk - first } : undefined
}
