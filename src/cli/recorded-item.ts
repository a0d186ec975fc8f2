import type { Store } from '../engine/store.ts'
import { KeySet } from '../model/key-set.ts'
import type { ItemsRequeued, StageProgress, StoredError } from '../model/records.ts'

/** What the log says of one item of a stage. */
export interface RecordedItem {
  readonly key: string
  /** `recorded`: done or skipped, not called again. `requeued`: it was set aside, and is called when the run goes on. */
  readonly state: 'recorded' | 'failed' | 'set aside' | 'requeued' | 'not recorded'
  /** Wall milliseconds of the record that says so. */
  readonly at?: number
  readonly error?: StoredError
  /** Of one that was set aside: how often it was called, and the fingerprint of its error. */
  readonly calls?: number
  readonly group?: string
}

/** Reads through the run's records: items are kept in groups, and nothing indexes them. Items known by index have it as their key. */
export async function findItem(store: Store, run: string, stage: string, key: string): Promise<RecordedItem> {
  const nothing: RecordedItem = { key, state: 'not recorded' }
  let found = nothing
  let salt: Uint8Array | undefined
  let started = false
  for await (const event of store.events(run, { inherited: true })) {
    if (!('path' in event) || event.path !== stage) continue
    if (event.type === 'stage.started' && (!started || event.redo !== undefined)) {
      started = true
      found = nothing
      salt = event.keySalt
    }
    if (event.type === 'stage.progress' && (holds(event, key) || holdsDigest(event, key, salt))) found = progressOf(event, key)
    if (event.type === 'items.requeued' && holds(event, key)) found = { key, state: 'requeued', at: event.time }
    if (event.type === 'stage.failed' && event.error.item === key)
      found = { key, state: 'failed', at: event.time, error: event.error }
  }
  return found
}

function progressOf({ time, setAside }: StageProgress, key: string): RecordedItem {
  const aside = setAside?.find(item => (item.key ?? String(item.index)) === key)
  if (aside === undefined) return { key, state: 'recorded', at: time }
  return { key, state: 'set aside', at: aside.time, error: aside.error, calls: aside.calls, group: aside.fingerprint }
}

function holdsDigest({ keyDigests }: StageProgress, key: string, salt: Uint8Array | undefined): boolean {
  if (keyDigests === undefined) return false
  const keys = new KeySet(salt)
  keys.addDigests(keyDigests)
  return keys.has(key)
}

function holds(progress: Pick<StageProgress | ItemsRequeued, 'keys' | 'ranges'>, key: string): boolean {
  if (progress.keys !== undefined) return progress.keys.includes(key)
  const index = /^\d{1,15}$/.test(key) ? Number(key) : undefined
  return index !== undefined && progress.ranges?.some(([from, to]) => from <= index && index <= to) === true
}
