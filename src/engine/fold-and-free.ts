import type { StoredRecord } from '../log/log.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import { decodeRunRecord } from './record-codec.ts'

/** Smaller payloads are left to the collector. */
const leastFreedBytes = 64 << 10

/**
 * Folds records that nobody reads afterwards: each is freed as soon as it is applied, so that the keys of ten million items and the records that hold them are not in memory together.
 *
 * @param records Oldest first. Their large payloads are empty afterwards.
 */
export function foldAndFree(records: readonly StoredRecord[]): RecordedRun {
  const recorded = new RecordedRun()
  let bytesToCome = 0
  for (const { payload } of records) bytesToCome += payload.length
  for (const { payload, position } of records) {
    const { length } = payload
    const record = decodeRunRecord(payload)
    free(payload)
    recorded.apply(record, position, bytesToCome)
    bytesToCome -= length
    // Only what is copied from there is kept.
    if (record.type === 'stage.progress' && record.keyDigests !== undefined) free(record.keyDigests)
  }
  return recorded
}

/** The collector would let go of it as well, but only when there is much more of it. A part of something larger is left alone. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (byteLength >= leastFreedBytes && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
