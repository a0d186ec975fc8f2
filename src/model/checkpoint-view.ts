import type { CheckpointRecord } from './checkpoint.ts'
import type { CheckpointView, RecordPosition } from './run-view.ts'

/** All but the bytes, and where they are. */
export function checkpointView(record: CheckpointRecord, position: RecordPosition): CheckpointView {
  const { content } = record
  const facts = hasSoundLabels(record) ? record : soundLabels(record)
  return { ...facts, content: content.kind === 'pack' ? content : { kind: content.kind }, record: position }
}

/** Nearly all have: to take one apart and put it together again costs several times as much as to look. */
function hasSoundLabels({
  run = '',
  stage = '',
  description = '',
  type,
  tags,
  metadata,
  expiresAt = 0,
}: CheckpointRecord): boolean {
  return (
    [run, stage, description, type].every(isText) &&
    Array.isArray(tags) &&
    tags.every(isText) &&
    typeof metadata === 'object' &&
    metadata !== null &&
    !Array.isArray(metadata) &&
    Number.isFinite(expiresAt)
  )
}

const isText = (label: unknown): boolean => typeof label === 'string'

/** Labels as their types say. A program could once save others, and one such record must not make a store unreadable. */
function soundLabels(record: CheckpointRecord): CheckpointRecord {
  const { run, stage, description, type, tags, metadata, expiresAt, ...rest } = record
  return {
    ...rest,
    type: String(type),
    tags: Array.isArray(tags) ? tags.map(String) : [String(tags)],
    metadata: typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata) ? metadata : { metadata },
    ...(run === undefined ? {} : { run: String(run) }),
    ...(stage === undefined ? {} : { stage: String(stage) }),
    ...(description === undefined ? {} : { description: String(description) }),
    ...(typeof expiresAt === 'number' && Number.isFinite(expiresAt) ? { expiresAt } : {}),
  }
}
