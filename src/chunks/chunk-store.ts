import type { BlobStore } from '../blobs/blob-store.ts'
import type { Compression } from '../format/compression.ts'
import { decodeManifest, encodeManifest, type Manifest, type PackReference } from '../format/manifest.ts'
import { asBuffer, idLength } from '../format/pack-header.ts'
import type { ChunksContent } from '../model/checkpoint.ts'
import type { Random } from '../model/clock.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { RecordPosition } from '../model/run-view.ts'
import type { ChunkIndex, ChunkIndexEntry } from './chunk-index.ts'
import { type ChunkList, packKey } from './chunk-list.ts'
import { listChunks } from './list-chunks.ts'
import { PackShelf, type Packs, type RecordPack } from './pack-shelf.ts'
import { StreamReader } from './stream-reader.ts'
import { type StreamPiece, StreamSaver } from './stream-saver.ts'
import type { Workbenches } from './workbench.ts'

/** New chunks of so few bytes ride in the log record: one fsync in all. */
export const inlinePackBytes = 64 * 1024
/** A longer manifest is cut and kept as chunks itself. */
const inlineManifestBytes = 8 * 1024

export interface ChunkStoreOptions {
  readonly blobs: BlobStore
  readonly storeId: string
  readonly random: Random
  readonly index: ChunkIndex
  readonly workbenches: Workbenches
  readonly compression: Compression
  /** Content of the checkpoint that a log record commits, if its bytes are chunks. Rejects with `corrupt` if it is not. */
  readonly contentAt: (position: RecordPosition) => Promise<ChunksContent>
}

export interface SaveBytesOptions {
  /** The checkpoint before, which this one is expected to resemble. */
  readonly parent?: KeptChunks | undefined
  /** Stands on no other checkpoint's bytes. Default false. */
  readonly full?: boolean
  /** Called when all pieces are there: what the manifest should say of where parts of the value begin. */
  readonly outline?: () => Uint8Array | undefined
  /** Called when all pieces are there: bytes that come before them, where these depend on all of them. */
  readonly front?: () => Uint8Array
  /** Measures what the time goes to. */
  readonly timer?: OperationTimer | undefined
}

/** The chunks of a checkpoint and of its manifest. */
export interface KeptChunks {
  readonly chunks: ChunkList
  /** Where the manifest is itself kept as chunks. */
  readonly lists?: ChunkList | undefined
}

/** Bytes that are durable, for a record that makes a checkpoint of them. */
export interface SavedBytes extends KeptChunks {
  readonly content: ChunksContent
  /** `chunks:sha256:<hex>` */
  readonly digest: string
  readonly logicalBytes: number
  /** Bytes this save added to the store. */
  readonly storedBytes: number
  /** Whether something of the parent that was given is used. */
  readonly standsOnParent: boolean
  readonly remember: readonly ChunkIndexEntry[]
  /** The pack that rides in the record. */
  readonly inlinePack?: string
}

/** Keeps streams of bytes as chunks, and reads them back. */
export class ChunkStore {
  readonly #options: ChunkStoreOptions
  readonly shelf: PackShelf

  constructor(options: ChunkStoreOptions) {
    this.#options = options
    const recordPack = async (position: RecordPosition): Promise<RecordPack> => ownPack(await options.contentAt(position))
    const { blobs, storeId, workbenches } = options
    this.shelf = new PackShelf({ blobs, storeId, workbenches, recordPack })
  }

  /** Makes bytes durable. Without the record they are orphan packs and nothing else. */
  async save(pieces: Iterable<StreamPiece> | AsyncIterable<StreamPiece>, options: SaveBytesOptions = {}): Promise<SavedBytes> {
    this.shelf.expect(options.parent?.chunks.bytes ?? 0)
    const saver = new StreamSaver({
      ...this.#options,
      shelf: this.shelf,
      full: options.full ?? false,
      inlineUpToBytes: inlinePackBytes,
      timer: options.timer,
      ...(options.parent === undefined ? {} : { parent: options.parent.chunks }),
    })
    try {
      for await (const piece of pieces) await saver.add(piece)
      const { chunks, digest } = await saver.end(options.front?.())
      const outline = options.outline?.()
      const whole = encodeManifest({ ...manifestOf(chunks), list: false, ...(outline === undefined ? {} : { outline }) })
      const lists = whole.length > inlineManifestBytes ? await saver.addList(whole, options.parent?.lists) : undefined
      const manifest = lists === undefined ? whole : encodeManifest({ ...manifestOf(lists), list: true })
      const stored = await saver.finish()
      return {
        content: { kind: 'chunks', manifest, ...(stored.inline === undefined ? {} : { pack: stored.inline.bytes }) },
        digest: digestText(digest),
        logicalBytes: chunks.bytes,
        storedBytes: stored.bytes + manifest.length,
        chunks,
        lists,
        standsOnParent: saver.standsOnParent,
        remember: saver.remember,
        ...(stored.inline === undefined ? {} : { inlinePack: stored.inline.pack }),
      }
    } catch (error) {
      await saver.abandon()
      throw error
    }
  }

  /**
   * The record at `position` makes a checkpoint of saved bytes: what rides in it is found there from now on. The index may name it only if the record is durable: other processes read the index,
   * and what they save durably must not stand on what a power cut may still take.
   */
  committed(saved: SavedBytes, position: RecordPosition, isDurable: boolean): void {
    const { inlinePack } = saved
    if (inlinePack !== undefined) {
      saved.chunks.rename(inlinePack, position)
      saved.lists?.rename(inlinePack, position)
    }
    if (!isDurable) return
    const entries = saved.remember.map(entry => ({ ...entry, pack: entry.pack === inlinePack ? position : entry.pack }))
    if (entries.length > 0) this.#options.index.add(entries)
  }

  /**
   * The stream that a checkpoint's content names.
   *
   * @throws WaymarkError `corrupt`
   */
  async open(content: ChunksContent): Promise<{ readonly reader: StreamReader; readonly manifest: Manifest }> {
    const packs = this.#packsOf(content)
    const { manifest } = await readManifests(packs, content)
    return { reader: new StreamReader(packs, manifest), manifest }
  }

  /** What a later save can stand on; the record at `position` holds the content. */
  async keptChunks(content: ChunksContent, position: RecordPosition): Promise<KeptChunks> {
    const packs = this.#packsOf(content)
    const { manifest, list } = await readManifests(packs, content)
    const chunks = await listChunks(packs, manifest)
    const lists = list === undefined ? undefined : await listChunks(packs, list)
    if (content.pack !== undefined) {
      chunks.rename(packIdOf(content.pack), position)
      lists?.rename(packIdOf(content.pack), position)
    }
    return { chunks, lists }
  }

  async close(): Promise<void> {
    await this.shelf.close()
    await this.#options.index.close()
  }

  #packsOf(content: ChunksContent): Packs {
    return content.pack === undefined ? this.shelf : this.shelf.with(ownPack(content))
  }
}

/** The manifest of a checkpoint, and the one in its record where that only names the chunks of the other. */
async function readManifests(packs: Packs, content: ChunksContent): Promise<{ manifest: Manifest; list?: Manifest }> {
  const top = decodeManifest(content.manifest)
  if (!top.list) return { manifest: top }
  const reader = new StreamReader(packs, top)
  return { manifest: decodeManifest(await reader.read(0, reader.length)), list: top }
}

export const digestText = (digest: Buffer): string => `chunks:sha256:${digest.toString('hex')}`

/** The manifest that names these chunks. */
function manifestOf(list: ChunkList): Pick<Manifest, 'packs' | 'runs'> {
  const packs: PackReference[] = []
  const indexes = new Map<string, number>()
  const runs: { pack: number; first: number; count: number; bytes: number }[] = []
  for (let i = 0; i < list.count; i++) {
    const { pack, number } = list.place(i)
    let index = indexes.get(packKey(pack))
    if (index === undefined) {
      index = packs.push(pack) - 1
      indexes.set(packKey(pack), index)
    }
    const last = runs.at(-1)
    if (last !== undefined && last.pack === index && last.first + last.count === number) {
      last.count++
      last.bytes += list.rawBytes(i)
    } else {
      runs.push({ pack: index, first: number, count: 1, bytes: list.rawBytes(i) })
    }
  }
  return { packs, runs }
}

function ownPack({ pack }: ChunksContent): RecordPack {
  if (pack === undefined) throw new TypeError('the record holds no pack')
  return { pack: packIdOf(pack), bytes: pack }
}

/** As its header says; whether that is right is checked when it is read. */
const packIdOf = (pack: Uint8Array): string => asBuffer(pack).toString('latin1', 16, 16 + idLength)
