import { freeBytes } from '../format/free-bytes.ts'
import type { FoundRecord, Log } from '../log/log.ts'
import type { RunRecord } from '../model/records.ts'
import { decodeRunRecord } from './record-codec.ts'

/**
 * What was recorded, read from the log where it was left there.
 *
 * @throws WaymarkError `corrupt` if it cannot be read any more; as {@link decodeRunRecord}
 */
export async function decodeFound(log: Pick<Log, 'read'>, { payload, position }: FoundRecord): Promise<RunRecord> {
  if (payload !== undefined) return decodeRunRecord(payload)
  const left = await log.read(position)
  const record = decodeRunRecord(left.payload)
  // A record holds copies, and nobody else holds these bytes.
  freeBytes(new Uint8Array(left.payload.buffer))
  return record
}
