import { freeBytes } from '../format/free-bytes.ts'
import type { FoundRecord, Log } from '../log/log.ts'
import { keyDigestBytes } from '../model/key-digest.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import { decodeFound } from './decode-found.ts'

/**
 * Folds records that count. Those that are long are read one at a time and freed as soon as they are applied, so that memory holds the keys of ten million items and one record of them.
 *
 * @param records Oldest first
 * @throws WaymarkError `corrupt` if one of them cannot be read any more
 */
export async function foldRecords(log: Pick<Log, 'read'>, records: readonly FoundRecord[]): Promise<RecordedRun> {
  const recorded = new RecordedRun()
  const forecast = new KeyForecast(records)
  for (const found of records) {
    const record = await decodeFound(log, found)
    const keyDigests = record.type === 'stage.progress' ? record.keyDigests : undefined
    recorded.apply(record, found.position, forecast.keysFrom(found, keyDigests?.length ?? 0))
    // Only what is copied from there is kept.
    if (keyDigests !== undefined) freeBytes(keyDigests)
  }
  return recorded
}

/** Reckons how many keys the records hold that are not folded yet, from what the ones before them held: where results lie beside the keys, the bytes alone would say far too many. */
class KeyForecast {
  #bytesToCome = 0
  #bytesSeen = 0
  #digestBytesSeen = 0

  constructor(records: readonly FoundRecord[]) {
    for (const { position } of records) this.#bytesToCome += position.length
  }

  /** Keys of this record and of those behind it. To be asked for each in turn. */
  keysFrom({ position }: FoundRecord, digestBytes: number): number {
    this.#bytesSeen += position.length
    this.#digestBytesSeen += digestBytes
    const bytes = this.#bytesToCome
    this.#bytesToCome -= position.length
    return Math.ceil(((this.#digestBytesSeen / this.#bytesSeen) * bytes) / keyDigestBytes)
  }
}
