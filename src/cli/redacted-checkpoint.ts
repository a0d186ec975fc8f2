import type { Redaction } from '../engine/redaction.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'

/** What is told of a checkpoint, as it may be shown. */
export function redactedCheckpoint<Told extends Partial<Pick<CheckpointRecord, 'tables' | 'metadata'>>>(
  told: Told,
  redaction: Redaction,
): Told {
  const { tables, metadata } = told
  return {
    ...told,
    ...(metadata === undefined ? {} : { metadata: redaction.metadata(metadata) }),
    ...(tables === undefined ? {} : { tables: tables.map(table => ({ ...table, facts: redaction.tableFacts(table.facts) })) }),
  }
}
