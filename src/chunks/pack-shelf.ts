import type { BlobReader, BlobStore } from '../blobs/blob-store.ts'
import type { PackReference } from '../format/manifest.ts'
import type { PackFrame } from '../format/pack-frame.ts'
import { PackReader } from '../format/pack-reader.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { packKey } from './chunk-list.ts'
import { LruMap } from './lru-map.ts'
import type { Workbenches } from './workbench.ts'

/** Packs whose index is kept for the next reading. */
const knownPacks = 512
/** Files kept open. */
const openFiles = 32
/** Payload bytes of frames kept: the base of one delta is often that of the next. */
const cachedFrameBytes = 16 << 20

export interface PackShelfOptions {
  readonly blobs: BlobStore
  readonly storeId: string
  readonly workbenches: Workbenches
  /** The pack inside the checkpoint that a record of the log commits. Rejects with `corrupt` if there is none. */
  readonly recordPack: (position: RecordPosition) => Promise<RecordPack>
}

/** A pack inside a log record. */
export interface RecordPack {
  readonly pack: string
  readonly bytes: Uint8Array
}

/** Packs that can be read. */
export interface Packs {
  /** @throws WaymarkError `corrupt` if it is missing or damaged, `unsupported` */
  reader(pack: PackReference): Promise<PackReader>
  /** The frame that holds a chunk, decompressed, its whole chunks checked. */
  frameOf(pack: PackReference, chunk: number): Promise<PackFrame>
  /** The same, in memory that nobody else reads. */
  takeFrame(pack: PackReference, chunk: number): Promise<PackFrame>
  /** So many bytes are going to be read: what decodes them may be made ready. */
  expect(bytes: number): void
}

/** The packs of a store as they are read: the newest stay open, and so do the newest frames. */
export class PackShelf implements Packs {
  readonly #options: PackShelfOptions
  readonly #packs = new LruMap<Promise<PackReader>>(knownPacks)
  readonly #files = new LruMap<OpenBlob>(openFiles, file => void file.close())
  readonly #frames = new LruMap<Promise<PackFrame>>(cachedFrameBytes)
  #expectedBytes = 0
  #isClosed = false

  constructor(options: PackShelfOptions) {
    this.#options = options
  }

  reader(pack: PackReference): Promise<PackReader> {
    return this.#packs.getOrMake(packKey(pack), () => this.#open(pack))
  }

  async frameOf(pack: PackReference, chunk: number): Promise<PackFrame> {
    const reader = await this.reader(pack)
    const number = reader.frameOf(chunk)
    const key = `${packKey(pack)} ${number}`
    return this.#frames.getOrMake(key, () => this.#decoded(reader, number), reader.frames[number]?.rawBytes)
  }

  async takeFrame(pack: PackReference, chunk: number): Promise<PackFrame> {
    const reader = await this.reader(pack)
    return this.#decoded(reader, reader.frameOf(chunk))
  }

  /** These packs and one more: the one that rides in a record which is at hand. */
  with(own: RecordPack): Packs {
    let reader: Promise<PackReader> | undefined
    const open = (): Promise<PackReader> => {
      reader ??= openBytes(own, this.#options.storeId)
      return reader
    }
    const frames = new Map<number, Promise<PackFrame>>()
    return {
      expect: bytes => this.expect(bytes),
      reader: pack => (pack === own.pack ? open() : this.reader(pack)),
      takeFrame: async (pack, chunk) => {
        if (pack !== own.pack) return this.takeFrame(pack, chunk)
        const opened = await open()
        return this.#decoded(opened, opened.frameOf(chunk))
      },
      frameOf: async (pack, chunk) => {
        if (pack !== own.pack) return this.frameOf(pack, chunk)
        const opened = await open()
        const index = opened.frameOf(chunk)
        const frame = frames.get(index) ?? this.#decoded(opened, index)
        frames.set(index, frame)
        return frame
      },
    }
  }

  expect(bytes: number): void {
    this.#expectedBytes = bytes
  }

  /** Nothing is read any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.clear()
  }

  /** Closes what is open and forgets what is cached: also when files may have been replaced. */
  async clear(): Promise<void> {
    this.#packs.clear()
    this.#frames.clear()
    const files = this.#files.clear()
    for (const file of files) await file.close()
  }

  /** Its whole chunks checked. */
  async #decoded(reader: PackReader, index: number): Promise<PackFrame> {
    const stored = await reader.readStored(index)
    return this.#options.workbenches.forBytes(this.#expectedBytes).decode(stored)
  }

  async #open(pack: PackReference): Promise<PackReader> {
    const { blobs, storeId, recordPack } = this.#options
    if (typeof pack !== 'string') return openBytes(await recordPack(pack), storeId)
    const file = (): OpenBlob => {
      if (this.#isClosed) throw storeClosed()
      return this.#files.getOrMake(pack, () => new OpenBlob(() => blobs.open(pack)))
    }
    const size = await file().size()
    return PackReader.open((offset, length) => file().read(offset, length), pack, size, storeId)
  }
}

const openBytes = ({ pack, bytes }: RecordPack, storeId: string): Promise<PackReader> =>
  PackReader.open(async (offset, length) => bytes.subarray(offset, offset + length), pack, bytes.length, storeId)

/** A blob that is opened with its first use, and closed when its last reading is done. */
class OpenBlob {
  readonly #open: () => Promise<BlobReader>
  #blob: Promise<BlobReader> | undefined
  #reading = 0
  #closing = false

  constructor(open: () => Promise<BlobReader>) {
    this.#open = open
  }

  size(): Promise<number> {
    return this.#use(async blob => blob.size)
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return this.#use(blob => blob.read(offset, length))
  }

  async close(): Promise<void> {
    this.#closing = true
    if (this.#reading > 0) return
    const blob = this.#blob
    this.#blob = undefined
    await blob?.then(opened => opened.close()).catch(() => {})
  }

  /** An opening that failed is forgotten: the next reading tries anew. */
  #begin(): Promise<BlobReader> {
    const opening = this.#open()
    this.#blob = opening
    opening.catch(() => {
      if (this.#blob === opening) this.#blob = undefined
    })
    return opening
  }

  async #use<T>(work: (blob: BlobReader) => Promise<T>): Promise<T> {
    this.#reading++
    try {
      return await work(await (this.#blob ?? this.#begin()))
    } finally {
      this.#reading--
      if (this.#closing) await this.close()
    }
  }
}

function storeClosed(): WaymarkError {
  return new WaymarkError('invalid', {
    message: 'the store was closed while something was still read from it',
    means: 'Nothing was changed.',
    remedy: 'Close the store when everything that reads from it has ended.',
  })
}
