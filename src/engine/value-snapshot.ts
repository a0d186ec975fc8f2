import { setImmediate } from 'node:timers/promises'
import { ChunkList } from '../chunks/chunk-list.ts'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import { type EncodedPart, type EncodePartsOptions, encodeParts } from '../format/encode-parts.ts'
import { encodePartsByReference, type ReferencedPart } from '../format/encode-parts-by-reference.ts'
import { encodePartsInSlices } from '../format/encode-parts-in-slices.ts'
import { encodeOutline, type Outline } from '../format/outline.ts'
import { WaymarkError } from '../model/errors.ts'
import { liveBytePieces } from './byte-pieces.ts'
import { keyOfLineage, type Lineage } from './parents.ts'
import type { StoreCore } from './store-core.ts'
import { type TablesOfCheckpoint, tablesOfCheckpoint } from './tables-of-checkpoint.ts'

/**
 * How a value is read while it is saved.
 * - `snapshot`: at once. It may be changed as soon as the call has returned its promise.
 * - `cooperative`: in slices of some 4 ms, between which the rest of the process has its turn. It must not be changed before the promise resolves, or what is kept is a mixture.
 * - `immutable`: what was saved before is known by its identity and not read again. Objects that were saved must never be changed, only replaced.
 */
export type SaveMode = 'snapshot' | 'cooperative' | 'immutable'

/** Short enough that with what one step may last longer, and a collection of garbage, others wait some 4 ms. */
const sliceMs = 2

export interface SnapshotOptions {
  /** Default `snapshot`. */
  readonly mode?: SaveMode
  /** Stands on no other checkpoint's bytes. Default false. */
  readonly full?: boolean
}

/** A value as it is kept: nothing of it can change any more. */
export interface ValueSnapshot {
  readonly length: number
  readonly pieces: Iterable<StreamPiece>
  /** Whether some of it was not read, because it is remembered where it is kept. */
  readonly usesMemory: boolean
  /** Of the store's memory, when it was read. */
  readonly epoch: number
  /** The tables in it, as its record tells of them. */
  readonly tables: TablesOfCheckpoint
  /** Where its large parts are. */
  outline(): Uint8Array | undefined
  /** Called with the chunks it was kept as, once they are committed. */
  keep(id: string, chunks: ChunkList): void
  /** Gives the memory back. The pieces must not be used afterwards. */
  release(): void
}

/**
 * Reads a value. In `snapshot` mode it is read before this returns.
 *
 * @throws WaymarkError `invalid` with the path inside the value if it cannot be stored, or for a mode there is not; `limit`
 */
export function takeSnapshot(
  core: StoreCore,
  value: unknown,
  lineage: Lineage,
  options: SnapshotOptions,
): ValueSnapshot | Promise<ValueSnapshot> {
  const encodeOptions: EncodePartsOptions = { codecs: core.codecs, outline: true }
  const { mode = 'snapshot', full = false } = options
  switch (mode) {
    case 'snapshot':
      return atOnce(core, value, lineage, encodeOptions, full)
    case 'cooperative':
      return inSlices(core, value, encodeOptions)
    case 'immutable':
      return byReference(core, value, encodeOptions, full)
    default:
      throw unknownMode(mode)
  }
}

function atOnce(core: StoreCore, value: unknown, lineage: Lineage, options: EncodePartsOptions, full: boolean): ValueSnapshot {
  const { epoch } = core.memory
  const encoded = encodeParts(value, options)
  const parent = full ? undefined : core.memory.parents.newest(lineage)
  const leaves = core.memory.leaves.begin(keyOfLineage(lineage), parent?.id)
  const pieces: StreamPiece[] = []
  for (const part of encoded.parts) {
    // The caller's own memory is copied, or found unchanged, before anybody can change it.
    if (part.kind === 'blob') for (const bytes of part.pieces) pieces.push(...leaves.capture(bytes, part.offset))
    else pieces.push(...valuePieces(part))
  }
  const { length, outline } = encoded
  const usesMemory = pieces.some(piece => piece.kind === 'known')
  return {
    length,
    pieces,
    usesMemory,
    epoch,
    tables: tablesOfCheckpoint(encoded.tables),
    outline: outlineBytes(outline),
    keep: leaves.keep,
    release: () => encoded.release(),
  }
}

async function inSlices(core: StoreCore, value: unknown, options: EncodePartsOptions): Promise<ValueSnapshot> {
  const encoded = await encodePartsInSlices(value, options, { sliceMs, clock: core.clock, pause: () => setImmediate() })
  function* pieces(): Iterable<StreamPiece> {
    for (const part of encoded.parts) yield* bytePiecesOf(part)
  }
  const { length, outline } = encoded
  return {
    length,
    pieces: pieces(),
    usesMemory: false,
    epoch: core.memory.epoch,
    tables: tablesOfCheckpoint(encoded.tables),
    outline: outlineBytes(outline),
    keep: () => {},
    release: () => encoded.release(),
  }
}

function byReference(core: StoreCore, value: unknown, options: EncodePartsOptions, full: boolean): ValueSnapshot {
  // To stand on no other checkpoint, all of it must be read.
  const { epoch } = core.memory
  const encoded = full ? undefined : encodePartsByReference(value, options, core.memory.subtrees)
  if (encoded === undefined) return { ...plain(value, options), keep: () => {} }
  function* pieces(parts: readonly ReferencedPart[]): Iterable<StreamPiece> {
    for (const part of parts) {
      if (part.kind === 'value' || part.kind === 'blob') yield* bytePiecesOf(part)
      else if (part.kind === 'known') yield knownPiece(part.subtree.chunks)
    }
  }
  const keep = (_id: string, chunks: ChunkList): void => {
    const begun: { readonly subtree: { chunks: unknown }; readonly offset: number }[] = []
    for (const part of encoded.parts) {
      if (part.kind === 'begin') begun.push(part)
      const begin = part.kind === 'end' ? begun.pop() : undefined
      if (begin !== undefined) begin.subtree.chunks = chunks.slice(chunks.indexAt(begin.offset), chunks.indexAt(part.offset))
    }
    encoded.remember()
  }
  const { length, outline } = encoded
  const usesMemory = encoded.parts.some(part => part.kind === 'known')
  return {
    length,
    pieces: pieces(encoded.parts),
    usesMemory,
    epoch,
    tables: tablesOfCheckpoint(encoded.tables),
    outline: outlineBytes(outline),
    keep,
    release: () => encoded.release(),
  }
}

function plain(value: unknown, options: EncodePartsOptions): Omit<ValueSnapshot, 'keep'> {
  const encoded = encodeParts(value, options)
  const { length, outline, parts } = encoded
  return {
    length,
    pieces: parts.flatMap(part => [...bytePiecesOf(part)]),
    usesMemory: false,
    epoch: 0,
    tables: tablesOfCheckpoint(encoded.tables),
    outline: outlineBytes(outline),
    release: () => encoded.release(),
  }
}

function knownPiece(chunks: unknown): StreamPiece {
  if (!(chunks instanceof ChunkList)) throw new TypeError('a subtree is known whose chunks are not')
  return { kind: 'known', list: chunks, from: 0, to: chunks.count }
}

/** Bytes of the caller's, who promised not to change them, are copied piece by piece on the way. */
function* bytePiecesOf(part: EncodedPart): Iterable<StreamPiece> {
  if (part.kind === 'value') yield* valuePieces(part)
  else for (const bytes of part.pieces) yield* liveBytePieces(bytes)
}

function* valuePieces({ kind, pieces }: EncodedPart): Iterable<StreamPiece> {
  for (const [i, bytes] of pieces.entries()) yield { kind, bytes, endsPart: i === pieces.length - 1 }
}

const outlineBytes = (outline: Outline | undefined) => (): Uint8Array | undefined =>
  outline === undefined ? undefined : encodeOutline(outline)

function unknownMode(mode: never): WaymarkError {
  return new WaymarkError('invalid', {
    message: `there is no mode ${JSON.stringify(mode)} of saving`,
    means: 'Nothing was saved.',
    remedy: "Use 'snapshot' (the default), 'cooperative' or 'immutable'.",
  })
}
