import type { Log } from '../log/log.ts'
import type { CheckpointRecord, ChunksContent } from '../model/checkpoint.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { checkpointIn } from './checkpoint-in.ts'
import { decodeRunRecord } from './record-codec.ts'

/** The checkpoint that the record at this place commits. */
export async function checkpointAt(log: Log, position: RecordPosition): Promise<CheckpointRecord | undefined> {
  const { payload } = await log.read(position)
  return checkpointIn(decodeRunRecord(payload))
}

/** @throws WaymarkError `corrupt` if the record there commits no chunks */
export async function chunksContentAt(log: Log, position: RecordPosition): Promise<ChunksContent> {
  const checkpoint = await checkpointAt(log, position)
  if (checkpoint?.content.kind === 'chunks') return checkpoint.content
  throw new WaymarkError('corrupt', {
    message: `the record at byte ${position.offset} of segment ${position.segment} holds no chunks`,
    means: 'The checkpoints that stand on them cannot be loaded; others are not affected.',
    remedy: 'Load an older checkpoint of the same stage, or see what is damaged with: waymark verify --full',
    details: { ...position },
  })
}
