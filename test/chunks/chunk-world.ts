import { FsBlobStore } from '../../src/blobs/fs-blob-store.ts'
import { type ChunkIndex, noChunkIndex } from '../../src/chunks/chunk-index.ts'
import { ChunkStore, type KeptChunks, type SaveBytesOptions, type SavedBytes } from '../../src/chunks/chunk-store.ts'
import { damagedChunk } from '../../src/chunks/damaged-chunk.ts'
import { keyedChunkIndex } from '../../src/chunks/keyed-chunk-index.ts'
import { inlineWorkbench, type Workbenches } from '../../src/chunks/workbench.ts'
import type { FileSystem } from '../../src/files/file-system.ts'
import type { Compression } from '../../src/format/compression.ts'
import type { ChunksContent } from '../../src/model/checkpoint.ts'
import type { RecordPosition } from '../../src/model/run-view.ts'
import { sealedFiles } from '../../src/seal/sealed-files.ts'
import { sealsOfTests } from '../../src/testing/sealed-by-tests.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'

const storeId = '0123456789abcdefghjkmnpqrs'

export const inlineWorkbenches: Workbenches = { forBytes: () => inlineWorkbench }

export interface WorldOptions {
  readonly index?: ChunkIndex
  readonly compression?: Compression
  readonly seed?: number
  readonly workbenches?: Workbenches
}

/** A chunk store on a simulated disk, and a log of contents beside it. Its packs are sealed where all that tests make is. */
export class ChunkWorld {
  readonly files: FileSystem
  readonly store: ChunkStore
  readonly blobs: FsBlobStore
  readonly #contents = new Map<number, ChunksContent>()
  #records = 0

  private constructor(files: FileSystem, options: WorldOptions) {
    this.files = files
    const { index = noChunkIndex } = options
    const random = seededRandom(options.seed ?? 1)
    const sealed = sealsOfTests && sealedFiles({ files, root: '', storeId, seals: sealsOfTests, random })
    this.blobs = new FsBlobStore(sealed ?? files, '/packs')
    this.store = new ChunkStore({
      blobs: this.blobs,
      storeId,
      random,
      index: sealsOfTests === undefined ? index : keyedChunkIndex(index, sealsOfTests),
      workbenches: options.workbenches ?? inlineWorkbenches,
      compression: options.compression ?? { codec: 'zstd', level: 1 },
      contentAt: async position => this.contentAt(position),
    })
  }

  static async make(options: WorldOptions = {}): Promise<ChunkWorld> {
    const files = new SimulatedDisk().process('saver')
    await files.makeDirectory('/packs')
    return new ChunkWorld(files, options)
  }

  contentAt(position: RecordPosition): ChunksContent {
    const content = this.#contents.get(position.offset)
    if (content === undefined) throw damagedChunk(`of the record at ${position.offset}`, 0)
    return content
  }

  /** Saves bytes as one part, and commits the record that names them. */
  async save(
    bytes: Uint8Array,
    options: SaveBytesOptions & { readonly kind?: 'value' | 'blob'; readonly isDurable?: boolean } = {},
  ): Promise<CommittedBytes> {
    const { kind = 'value', isDurable = true, ...rest } = options
    const saved = await this.store.save([{ kind, bytes, endsPart: true }], rest)
    const position = { segment: 'segment', offset: ++this.#records, length: 1 }
    this.#contents.set(position.offset, saved.content)
    this.store.committed(saved, position, isDurable)
    return { ...saved, position }
  }

  /** All bytes, as they are read back. */
  async load(content: ChunksContent): Promise<Uint8Array> {
    const { reader } = await this.store.open(content)
    return reader.read(0, reader.length)
  }

  /** As a process finds it that did not save it. */
  reread(saved: CommittedBytes): Promise<KeptChunks> {
    return this.store.keptChunks(saved.content, saved.position)
  }
}

export type CommittedBytes = SavedBytes & { readonly position: RecordPosition }
