import { packMisuse } from './damaged-pack.ts'
import { encodeFooter, type FrameEntry } from './pack-footer.ts'
import type { EncodedFrame } from './pack-frame.ts'
import { encodePackHeader, packHeaderLength } from './pack-header.ts'

/**
 * Puts a pack together: `header()`, then what `add` gives for each frame in the order of their numbers, then `finish()`. Keeps
 * nothing of the frames but their places.
 */
export class PackWriter {
  readonly #pack: string
  readonly #store: string
  readonly #frames: FrameEntry[] = []
  #length = packHeaderLength
  #chunkCount = 0
  #isFinished = false

  constructor(pack: string, store: string) {
    this.#pack = pack
    this.#store = store
  }

  /** Chunks so far: the number of the next one. */
  get chunkCount(): number {
    return this.#chunkCount
  }

  /** Frames so far: the number of the next one. */
  get frameCount(): number {
    return this.#frames.length
  }

  /** Bytes so far, the header included. */
  get length(): number {
    return this.#length
  }

  header(): Uint8Array {
    return encodePackHeader(this.#pack, this.#store)
  }

  /**
   * The bytes to append for the next frame.
   *
   * @throws WaymarkError `internal` if it was encoded for another place
   */
  add(frame: EncodedFrame): Uint8Array[] {
    if (this.#isFinished || frame.frame !== this.#frames.length || frame.firstChunk !== this.#chunkCount) {
      throw packMisuse(`frame ${frame.frame} is out of place`)
    }
    this.#frames.push({
      frame: frame.frame,
      offset: this.#length,
      storedBytes: frame.bytes.length,
      rawBytes: frame.rawBytes,
      firstChunk: frame.firstChunk,
      chunks: frame.chunks,
      chunkBytes: frame.chunkBytes,
    })
    this.#length += frame.bytes.length
    this.#chunkCount += frame.chunks
    return [frame.bytes]
  }

  /** The bytes that complete the pack. */
  finish(): Uint8Array[] {
    if (this.#isFinished) throw packMisuse('it was finished before')
    this.#isFinished = true
    const end = encodeFooter(this.#pack, this.#frames, this.#length)
    this.#length += end.length
    return [end]
  }
}
