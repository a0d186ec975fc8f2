import { createHash } from 'node:crypto'
import { digestText } from '../chunks/chunk-store.ts'
import type { StreamReader } from '../chunks/stream-reader.ts'
import { readFrames } from '../format/pack.ts'
import { sha256Hex } from '../format/sha256.ts'
import type { CheckpointRecord, CheckpointTable, PackContent } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkpointAt } from './record-content.ts'
import type { StoreCore } from './store-core.ts'

/**
 * The encoded bytes of a checkpoint, every byte checked.
 *
 * @throws WaymarkError `corrupt` if they are not the bytes that were saved
 */
export async function readCheckpointBytes(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<Uint8Array> {
  const content = await contentOf(core, checkpoint)
  switch (content.kind) {
    case 'chunks':
      return readWhole((await core.chunks.open(content)).reader, checkpoint)
    case 'inline':
      return checked(checkpoint, content.bytes)
    case 'pack':
      return checked(checkpoint, await readOldPack(core, content))
  }
}

/** Where the bytes of a checkpoint are, as its record in the log says. */
export async function contentOf(
  core: StoreCore,
  checkpoint: CheckpointRecord | CheckpointView,
): Promise<CheckpointRecord['content']> {
  if (!('record' in checkpoint)) return checkpoint.content
  const { content } = checkpoint
  if (content.kind === 'pack') return content
  const committed = await checkpointAt(core.log, checkpoint.record)
  if (committed?.id === checkpoint.id) return committed.content
  throw new WaymarkError('corrupt', {
    message: `the record of checkpoint ${checkpoint.id} holds ${committed === undefined ? 'no checkpoint' : committed.id}`,
    means: 'The catalog points to the wrong place; the log itself is not touched.',
    remedy: 'Delete catalog.sqlite in the store: it is built anew from the log.',
    details: { catalog: true },
  })
}

/** All of a stream in one piece. Each chunk was checked; that they are the right ones in the right order, the digest over their digests says. */
async function readWhole(reader: StreamReader, checkpoint: CheckpointRecord | CheckpointView): Promise<Uint8Array> {
  if (reader.length !== checkpoint.logicalBytes) throw damagedCheckpoint(checkpoint, `${reader.length} bytes`)
  await reader.checkClaim()
  const bytes = Buffer.allocUnsafeSlow(reader.length)
  const digest = createHash('sha256')
  for await (const chunk of reader.chunks()) {
    bytes.set(chunk.bytes, chunk.offset)
    digest.update(chunk.digest)
  }
  const found = digestText(digest.digest())
  if (found !== checkpoint.digest) throw damagedCheckpoint(checkpoint, found)
  return bytes
}

/** A value of 64 KiB and more, as format 1.0 kept it. */
async function readOldPack(core: StoreCore, { pack, first, count }: PackContent): Promise<Uint8Array> {
  const blob = await core.blobs.open(pack)
  try {
    return await readFrames((offset, length) => blob.read(offset, length), pack, blob.size, first, count)
  } finally {
    await blob.close()
  }
}

function checked(checkpoint: CheckpointRecord | CheckpointView, bytes: Uint8Array): Uint8Array {
  const found = `sha256:${sha256Hex(bytes)}`
  if (found !== checkpoint.digest) throw damagedCheckpoint(checkpoint, found)
  return bytes
}

export function damagedCheckpoint(checkpoint: CheckpointRecord | CheckpointView, found: string): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `checkpoint ${checkpoint.id} is damaged: its bytes have another digest than when they were saved`,
    means: 'It cannot be loaded; other checkpoints are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { checkpoint: checkpoint.id, expected: checkpoint.digest, found },
  })
}

/** Of a checkpoint that holds other tables than its record says. */
export function otherTables({ id }: CheckpointRecord | CheckpointView, missing: CheckpointTable | undefined): WaymarkError {
  const which = missing === undefined ? 'it holds another number of tables' : `its table ${missing.path} is another`
  return new WaymarkError('corrupt', {
    message: `checkpoint ${id} is damaged: ${which} than when it was saved`,
    means: 'It cannot be loaded; other checkpoints are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { checkpoint: id, ...(missing === undefined ? {} : { path: missing.path, expected: missing.digest }) },
  })
}
