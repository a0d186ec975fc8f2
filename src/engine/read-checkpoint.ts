import { createHash } from 'node:crypto'
import { decodeValue } from '../format/decode-value.ts'
import { readFrames } from '../format/pack.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RunRecord } from '../model/records.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/**
 * The encoded value of a checkpoint, every byte checked.
 *
 * @throws WaymarkError `corrupt` if they are not the bytes that were saved
 */
export async function readCheckpointBytes(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<Uint8Array> {
  const bytes = 'record' in checkpoint ? await bytesOfView(core, checkpoint) : await bytesOf(core, checkpoint)
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
  if (digest === checkpoint.digest) return bytes
  throw new WaymarkError('corrupt', {
    message: `checkpoint ${checkpoint.id} is damaged: its bytes have another digest than when they were saved`,
    means: 'It cannot be loaded; other checkpoints are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or run the work again with --redo STAGE.',
    details: { checkpoint: checkpoint.id, expected: checkpoint.digest, found: digest },
  })
}

export async function readCheckpoint(core: StoreCore, checkpoint: CheckpointRecord | CheckpointView): Promise<unknown> {
  return decodeValue(await readCheckpointBytes(core, checkpoint), { codecs: core.codecs })
}

async function bytesOf(core: StoreCore, checkpoint: Pick<CheckpointRecord, 'content'>): Promise<Uint8Array> {
  const { content } = checkpoint
  if (content.kind === 'inline') return content.bytes
  const size = await core.blobs.size(content.pack)
  // A missing pack rejects with `corrupt` at the first read.
  const read = (offset: number, length: number) => core.blobs.read(content.pack, offset, length)
  return readFrames(read, content.pack, size ?? Number.POSITIVE_INFINITY, content.first, content.count)
}

async function bytesOfView(core: StoreCore, view: CheckpointView): Promise<Uint8Array> {
  if (view.content.kind === 'pack') return bytesOf(core, { content: view.content })
  const { payload } = await core.log.read(view.record)
  const committed = checkpointIn(decodeRunRecord(payload))
  if (committed?.id === view.id) return bytesOf(core, committed)
  throw new WaymarkError('corrupt', {
    message: `the record of checkpoint ${view.id} holds ${committed === undefined ? 'no checkpoint' : committed.id}`,
    means: 'The catalog points to the wrong place; the log itself is not touched.',
    remedy: 'Delete catalog.sqlite in the store: it is built anew from the log.',
    details: { catalog: true },
  })
}

/** The checkpoint a record commits, if it commits one. */
function checkpointIn(record: RunRecord): CheckpointRecord | undefined {
  switch (record.type) {
    case 'checkpoint.saved':
    case 'stage.done':
      return record.checkpoint
    case 'attempt.ended':
      return record.result
    case 'stage.progress':
      return record.resultsIn
    default:
      return undefined
  }
}
