import type { Codec } from '../format/codec.ts'
import { decodeValue } from '../format/decode-value.ts'
import { encodeValue } from '../format/encode-value.ts'
import { decodeRanges, encodeRanges } from '../format/range-bytes.ts'
import { WaymarkError } from '../model/errors.ts'
import type { RunRecord, StageProgress } from '../model/records.ts'

/** A record as the bytes of the log: a map of CBOR whose values are only built-in kinds; users' own values inside it are encoded on their own. */
export function encodeRunRecord(record: RunRecord): Uint8Array {
  return encodeValue(record.type === 'stage.progress' ? storedProgress(record) : record, { tables: false })
}

/** Ranges of items are lists in memory and bytes in the log. Before format 1.2 they were lists there too. */
function storedProgress({ ranges, completed, ...rest }: StageProgress) {
  return {
    ...rest,
    ...(ranges === undefined ? {} : { ranges: encodeRanges(ranges) }),
    ...(completed === undefined ? {} : { completed: encodeRanges(completed) }),
  }
}

function loadedProgress(stored: StageProgress): StageProgress {
  const { ranges, completed }: { readonly ranges?: unknown; readonly completed?: unknown } = stored
  return {
    ...stored,
    ...(ranges instanceof Uint8Array ? { ranges: decodeRanges(ranges) } : {}),
    ...(completed instanceof Uint8Array ? { completed: decodeRanges(completed) } : {}),
  }
}

/**
 * The record of these bytes. The log's checksums have matched by now, so a payload that is no record was written by another version.
 *
 * @throws WaymarkError `unsupported`; `corrupt` if what its items are cannot be told
 */
export function decodeRunRecord(payload: Uint8Array, codecs: readonly Codec[] = []): RunRecord {
  const value = decodeValue(payload, { codecs })
  if (isRunRecord(value)) return value.type === 'stage.progress' ? loadedProgress(value) : value
  throw new WaymarkError('unsupported', {
    message: 'the log holds a record of a kind this version does not know',
    means: 'The store is intact; nothing was changed.',
    remedy: 'Use the version of waymark that wrote it, or a newer one.',
  })
}

const kinds: ReadonlySet<string> = new Set<RunRecord['type']>([
  'run.created',
  'attempt.started',
  'attempt.ended',
  'stage.started',
  'stage.done',
  'stage.failed',
  'stage.progress',
  'output.started',
  'items.requeued',
  'stage.reset',
  'stage.inherited',
  'stage.noted',
  'value.drawn',
  'checkpoint.saved',
  'checkpoint.deleted',
  'checkpoint.noted',
  'checkpoint.changed',
  'events.recorded',
])

/** Only the kind is looked at: whoever wrote bytes with a right checksum wrote the rest as {@link RunRecord} says. */
function isRunRecord(value: unknown): value is RunRecord {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && kinds.has(value.type)
}
