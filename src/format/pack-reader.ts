import type { WaymarkError } from '../model/errors.ts'
import { damagedPack } from './damaged-pack.ts'
import { type FrameEntry, type PackFooter, readEnd, readFooter } from './pack-footer.ts'
import { decodeFrame, type FramePlace, type PackFrame, readFrameHead } from './pack-frame.ts'
import { checkPackHeader, packHeaderLength, type ReadPack, readExactly } from './pack-header.ts'
import { type ChunkEntry, frameLength, headAndTableLength, parseTable } from './pack-table.ts'

export interface StoredFrame {
  readonly pack: string
  readonly entry: FrameEntry
  readonly bytes: Uint8Array
}

/** Reads the frames of a pack through its footer. Holds only the footer. */
export class PackReader {
  readonly #read: ReadPack
  readonly #pack: string
  readonly #footer: PackFooter

  private constructor(read: ReadPack, pack: string, footer: PackFooter) {
    this.#read = read
    this.#pack = pack
    this.#footer = footer
  }

  /**
   * Checks header, footer and trailer, in two reads at once.
   *
   * @param size bytes of the whole pack
   * @param store the store it must belong to, if the caller knows
   * @throws WaymarkError `corrupt` if they are not what was written, `unsupported` if the pack is of another format
   */
  static async open(read: ReadPack, pack: string, size: number, store?: string): Promise<PackReader> {
    const [header, end] = await Promise.all([
      readExactly(read, pack, 0, Math.min(size, packHeaderLength)),
      readEnd(read, pack, size),
    ])
    checkPackHeader(header, pack, store)
    return new PackReader(read, pack, await readFooter(end, read, pack, size))
  }

  get frames(): readonly FrameEntry[] {
    return this.#footer.frames
  }

  /** One more than the highest number of a chunk. */
  get chunkCount(): number {
    return this.#footer.chunkCount
  }

  /**
   * Index in `frames` of the frame with this chunk.
   *
   * @throws WaymarkError `corrupt` if the pack has no such chunk
   */
  frameOf(chunk: number): number {
    const frames = this.#footer.frames
    let [low, high] = [0, frames.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((frames[middle]?.firstChunk ?? 0) <= chunk) low = middle + 1
      else high = middle
    }
    const entry = frames[low - 1]
    if (entry === undefined || chunk >= entry.firstChunk + entry.chunks) {
      throw damagedPack(this.#pack, 'a chunk is missing', { chunk })
    }
    return low - 1
  }

  /**
   * The table of a frame, by its index in `frames`, without its payload: one read.
   *
   * @throws WaymarkError `corrupt`, `unsupported`
   */
  async readTable(index: number): Promise<readonly ChunkEntry[]> {
    const entry = this.#entry(index)
    const bytes = await readExactly(this.#read, this.#pack, entry.offset, headAndTableLength(entry.chunks))
    return decodeEntryTable(bytes, this.#pack, entry)
  }

  /**
   * A frame by its index in `frames`, checked and decompressed: one read. Payloads are views on one buffer. The SHA-256 of the
   * chunks is the caller's to check.
   *
   * @throws WaymarkError `corrupt`, `unsupported`
   */
  async readFrame(index: number): Promise<PackFrame> {
    const { bytes, entry } = await this.readStored(index)
    return decodeEntry(bytes, this.#pack, entry)
  }

  /** A frame by its index in `frames` as it is stored, for {@link decodeEntry}; only that it is as long as it should be is checked. */
  async readStored(index: number): Promise<StoredFrame> {
    const entry = this.#entry(index)
    return { pack: this.#pack, entry, bytes: await readExactly(this.#read, this.#pack, entry.offset, entry.storedBytes) }
  }

  #entry(index: number): FrameEntry {
    const entry = this.#footer.frames[index]
    if (entry === undefined) throw damagedPack(this.#pack, 'a frame is missing', { frame: index })
    return entry
  }
}

/** Decodes the frame that an entry of the footer speaks of. */
export function decodeEntry(bytes: Uint8Array, pack: string, entry: FrameEntry): PackFrame {
  const frame = decodeFrame(bytes, pack)
  requireSame(pack, entry, frame, frame.chunks)
  return frame
}

/** Decodes its table only, from its head and table. */
export function decodeEntryTable(bytes: Buffer, pack: string, entry: FrameEntry): readonly ChunkEntry[] {
  const head = readFrameHead(bytes, pack)
  if (frameLength(head) !== entry.storedBytes) throw unfit(pack, entry)
  const chunks = parseTable(bytes, pack, head)
  requireSame(pack, entry, head, chunks)
  return chunks
}

function requireSame(
  pack: string,
  entry: FrameEntry,
  found: FramePlace & { readonly rawBytes: number },
  chunks: readonly { readonly rawBytes: number }[],
): void {
  const isSame =
    found.frame === entry.frame &&
    found.firstChunk === entry.firstChunk &&
    found.rawBytes === entry.rawBytes &&
    chunks.length === entry.chunks &&
    chunks.reduce((sum, { rawBytes }) => sum + rawBytes, 0) === entry.chunkBytes
  if (!isSame) throw unfit(pack, entry)
}

function unfit(pack: string, entry: FrameEntry): WaymarkError {
  return damagedPack(pack, 'a frame does not fit its index', { frame: entry.frame })
}
