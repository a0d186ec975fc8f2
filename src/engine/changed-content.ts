import { createHash } from 'node:crypto'
import { digestText, type KeptChunks, type SaveBytesOptions } from '../chunks/chunk-store.ts'
import { piecesOf, splicedPieces } from '../chunks/spliced-pieces.ts'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { blobRanges } from '../format/blob-ranges.ts'
import { ItemReader, type ReadBytes } from '../format/item-reader.ts'
import { decodeOutline, encodeOutline } from '../format/outline.ts'
import { splicedBytes, spliceValue } from '../format/splice-value.ts'
import { tablesWithin } from '../format/tables-within.ts'
import type { ValueChange } from '../format/value-changes.ts'
import type { ChunksContent } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import type { Parent } from './parents.ts'
import { contentOf, damagedCheckpoint, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'
import { inlineBelowBytes } from './write-checkpoint.ts'

/** A value that was made from the bytes of another: so short that it rides in its record, or as it is kept in chunks. */
export type ChangedContent = ChangedInline | ChangedStream

export interface ChangedInline {
  readonly kind: 'inline'
  readonly bytes: Uint8Array
  readonly removedTables: RemovedTables
}

/** Digests, in hex, of the tables that are no longer there; of a checkpoint without tables none are looked for. */
export type RemovedTables = readonly string[]

export interface ChangedStream {
  readonly kind: 'stream'
  readonly pieces: Iterable<StreamPiece> | AsyncIterable<StreamPiece>
  readonly options: SaveBytesOptions
  readonly removedTables: RemovedTables
}

/**
 * The changed value of a checkpoint. Of one that is kept as chunks only those are read that lead to the places of the changes, and those that are there.
 *
 * @throws WaymarkError what `spliceValue` throws; `corrupt`
 */
export async function changedContent(
  core: StoreCore,
  view: CheckpointView,
  changes: readonly ValueChange[],
): Promise<ChangedContent> {
  const content = await contentOf(core, view)
  const parent = content.kind === 'chunks' ? await keptChunks(core, view) : undefined
  if (content.kind === 'chunks' && parent !== undefined) return changedChunks(core, view, content, parent.chunks, changes)
  // Inline, in a pack of an older store, or saved by a process whose last records may yet be lost: nothing can stand on its bytes.
  const before = await readCheckpointBytes(core, view)
  const read = readOf(before)
  const { splices } = await spliceValue(read, before.length, undefined, changes)
  const bytes = await splicedBytes(read, before.length, splices)
  const removedTables = view.tables === undefined ? [] : await tablesWithin(read, before.length, splices)
  if (bytes.length < inlineBelowBytes) return { kind: 'inline', bytes, removedTables }
  const blobs = await blobRanges(new ItemReader(readOf(bytes), bytes.length), 0, bytes.length)
  return { kind: 'stream', pieces: piecesOf(bytes, blobs), options: {}, removedTables }
}

async function changedChunks(
  core: StoreCore,
  view: CheckpointView,
  content: ChunksContent,
  kept: KeptChunks,
  changes: readonly ValueChange[],
): Promise<ChangedContent> {
  const { reader, manifest } = await core.chunks.open(content)
  const { chunks } = kept
  checkList(view, chunks)
  const before = manifest.outline === undefined ? undefined : decodeOutline(manifest.outline, reader.length)
  const read: ReadBytes = (offset, length) => reader.read(offset, length)
  const { splices, length, outline, endsWithBlob } = await spliceValue(read, reader.length, before, changes)
  const removedTables = view.tables === undefined ? [] : await tablesWithin(read, reader.length, splices)
  if (length < inlineBelowBytes) return { kind: 'inline', bytes: await splicedBytes(read, reader.length, splices), removedTables }
  const readChunk = (index: number): Promise<Uint8Array> => reader.read(chunks.offset(index), chunks.rawBytes(index))
  return {
    kind: 'stream',
    pieces: splicedPieces(chunks, readChunk, splices, endsWithBlob),
    options: { parent: kept, ...(outline === undefined ? {} : { outline: () => encodeOutline(outline) }) },
    removedTables,
  }
}

/** Those this process remembers, if it saved the checkpoint last. */
async function keptChunks(core: StoreCore, view: CheckpointView): Promise<Parent | undefined> {
  const { parents } = core.memory
  const newest = parents.newest(view)
  return newest?.id === view.id ? newest : await parents.of(view)
}

/** Chunks are taken over by their names: that they are those of the checkpoint, its digest says. */
function checkList(view: CheckpointView, chunks: KeptChunks['chunks']): void {
  const digest = createHash('sha256')
  for (let index = 0; index < chunks.count; index++) digest.update(chunks.digest(index))
  const found = digestText(digest.digest())
  if (found !== view.digest || chunks.bytes !== view.logicalBytes) throw damagedCheckpoint(view, found)
}

const readOf =
  (bytes: Uint8Array): ReadBytes =>
  async (offset, length) =>
    bytes.subarray(offset, offset + length)
