import type { Redaction } from '../engine/redaction.ts'
import type { StreamEntry, StreamSummary } from '../model/record-stream.ts'

/** An entry as it may be shown: what is said of `metadata` holds for it. */
export const redactedEntry = (entry: StreamEntry, redaction: Redaction | undefined): StreamEntry =>
  redaction === undefined ? entry : { ...entry, entry: redaction.metadata(entry.entry) }

export const redactedSummaries = (
  summaries: readonly StreamSummary[],
  redaction: Redaction | undefined,
): readonly StreamSummary[] =>
  summaries.map(summary => ({ ...summary, tail: summary.tail.map(entry => redactedEntry(entry, redaction)) }))
