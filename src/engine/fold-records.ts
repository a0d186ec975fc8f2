import { freeBytes } from '../format/free-bytes.ts'
import type { FoundRecord, Log } from '../log/log.ts'
import { keyDigestBytes } from '../model/key-digest.ts'
import { RecordedRun } from '../model/recorded-run.ts'
import type { ScopePath } from '../model/scope.ts'
import { decodeFound } from './decode-found.ts'

/**
 * Folds records that count. Those that are long are read one at a time and freed as soon as they are applied, so that memory holds the keys of ten million items and one record of them.
 *
 * @param records Oldest first
 * @throws WaymarkError `corrupt` if one of them cannot be read any more
 */
export async function foldRecords(log: Pick<Log, 'read'>, records: readonly FoundRecord[]): Promise<RecordedRun> {
  const recorded = new RecordedRun()
  const forecast = new KeyForecast(records, await lastCounts(log, records))
  for (const found of records) {
    const record = await decodeFound(log, found)
    const { path, keyDigests } = record.type === 'stage.progress' ? record : { path: '', keyDigests: undefined }
    const known = keyDigests === undefined ? 0 : (recorded.stages.get(path)?.keys.size ?? 0)
    recorded.apply(record, found.position, forecast.keysFrom(found, { path, known, digestBytes: keyDigests?.length ?? 0 }))
    // Only what is copied from there is kept.
    if (keyDigests !== undefined) freeBytes(keyDigests)
  }
  return recorded
}

/** Records from the end in which {@link lastCounts} looks. */
const lookedAt = 8
/** Fewer bytes of records hold no keys worth reckoning with. */
const leastReckonedBytes = 1 << 20

/** Where a pass over items got to, by the last of the records if one of these says so. */
interface LastCounts {
  readonly path: ScopePath
  readonly finished: number
}

async function lastCounts(log: Pick<Log, 'read'>, records: readonly FoundRecord[]): Promise<LastCounts | undefined> {
  if (bytesOf(records) < leastReckonedBytes) return undefined
  for (const found of records.slice(-lookedAt).reverse()) {
    const record = await decodeFound(log, found)
    if (record.type !== 'stage.progress') continue
    if (record.keyDigests !== undefined) freeBytes(record.keyDigests)
    const { done, skipped, setAside } = record.counts
    return { path: record.path, finished: done + skipped + setAside }
  }
  return undefined
}

const bytesOf = (records: readonly FoundRecord[]): number => records.reduce((sum, { position }) => sum + position.length, 0)

/** Times as many keys as there are by now that are reckoned with where only bytes tell of them. */
const mostReckoned = 4

interface RecordKeys {
  readonly path: ScopePath
  /** Keys of the stage that were folded before. */
  readonly known: number
  readonly digestBytes: number
}

/** Reckons how many keys the records hold that are not folded yet, from what the ones before them held: where results lie beside the keys, the bytes alone would say far too many. */
class KeyForecast {
  #bytesToCome: number
  #bytesSeen = 0
  #digestBytesSeen = 0
  readonly #last: LastCounts | undefined

  constructor(records: readonly FoundRecord[], last: LastCounts | undefined) {
    this.#bytesToCome = bytesOf(records)
    this.#last = last
  }

  /** Keys of this record and of those behind it. To be asked for each in turn. */
  keysFrom({ position }: FoundRecord, { path, known, digestBytes }: RecordKeys): number {
    this.#bytesSeen += position.length
    this.#digestBytesSeen += digestBytes
    const bytes = this.#bytesToCome
    this.#bytesToCome -= position.length
    const byBytes = Math.ceil(((this.#digestBytesSeen / this.#bytesSeen) * bytes) / keyDigestBytes)
    const here = digestBytes / keyDigestBytes
    const byCounts = this.#last?.path === path ? this.#last.finished - known : mostReckoned * (known + here)
    return Math.max(here, Math.min(byBytes, byCounts))
  }
}
