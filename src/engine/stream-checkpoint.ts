import { createHash } from 'node:crypto'
import { digestText } from '../chunks/chunk-store.ts'
import { RowDecoder } from '../format/row-codec.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { contentOf, damagedCheckpoint, readCheckpointBytes } from './read-checkpoint-bytes.ts'
import type { StoreCore } from './store-core.ts'

/** Chunks are handed on together: who writes them to a file pays for every write. */
const pieceBytes = 1 << 20

/** The bytes of a checkpoint, chunk by chunk, each checked; at the end also that they were the right ones in the right order. */
export async function* streamBytes(core: StoreCore, view: CheckpointRecord | CheckpointView): AsyncIterableIterator<Uint8Array> {
  const content = await contentOf(core, view)
  if (content.kind !== 'chunks') {
    yield await readCheckpointBytes(core, view)
    return
  }
  const { reader } = await core.chunks.open(content)
  if (reader.length !== view.logicalBytes) throw damagedCheckpoint(view, `${reader.length} bytes`)
  const digest = createHash('sha256')
  let piece = new Uint8Array(Math.min(pieceBytes, reader.length))
  let filled = 0
  for await (const chunk of reader.chunks()) {
    digest.update(chunk.digest)
    if (filled + chunk.bytes.length > piece.length) {
      if (filled > 0) yield piece.subarray(0, filled)
      piece = new Uint8Array(Math.max(chunk.bytes.length, Math.min(pieceBytes, reader.length - chunk.offset)))
      filled = 0
    }
    piece.set(chunk.bytes, filled)
    filled += chunk.bytes.length
  }
  if (filled > 0) yield piece.subarray(0, filled)
  const found = digestText(digest.digest())
  if (found !== view.digest) throw damagedCheckpoint(view, found)
}

/** The rows of a checkpoint, each decoded when its bytes are there. */
export async function* streamRows(core: StoreCore, view: CheckpointView): AsyncIterableIterator<unknown> {
  if (view.encoding !== 'rows') throw holdsNoRows(view)
  const rows = new RowDecoder({ codecs: core.codecs })
  for await (const bytes of streamBytes(core, view)) yield* rows.add(bytes)
  rows.finish()
}

function holdsNoRows(view: CheckpointView): WaymarkError {
  return new WaymarkError('invalid', {
    message: `checkpoint ${view.id} holds ${view.encoding === 'cbor' ? 'one value' : view.encoding}, not rows`,
    means: 'Nothing was read or changed.',
    remedy: 'Load it with store.load(), or store.loadBytes() for its bytes.',
    details: { checkpoint: view.id, encoding: view.encoding },
  })
}
