import type { Store } from '../engine/store.ts'
import type { StoredError } from '../model/records.ts'

/** What the log says of one item of a stage. */
export interface RecordedItem {
  readonly key: string
  /** `recorded`: done or skipped, not called again. */
  readonly state: 'recorded' | 'failed' | 'not recorded'
  /** Wall milliseconds of the record that says so. */
  readonly at?: number
  readonly error?: StoredError
}

/** Reads through the run's records: items are kept in groups, and nothing indexes them. Items known by index have it as their key. */
export async function findItem(store: Store, run: string, stage: string, key: string): Promise<RecordedItem> {
  const nothing: RecordedItem = { key, state: 'not recorded' }
  let found = nothing
  for await (const event of store.events(run)) {
    if (!('path' in event) || event.path !== stage) continue
    if (event.type === 'stage.started' && event.redo !== undefined) found = nothing
    if (event.type === 'stage.progress' && holds(event, key)) found = { key, state: 'recorded', at: event.time }
    if (event.type === 'stage.failed' && event.error.item === key)
      found = { key, state: 'failed', at: event.time, error: event.error }
  }
  return found
}

function holds(
  progress: { readonly keys?: readonly string[]; readonly ranges?: readonly (readonly [from: number, to: number])[] },
  key: string,
): boolean {
  if (progress.keys !== undefined) return progress.keys.includes(key)
  const index = /^\d{1,15}$/.test(key) ? Number(key) : undefined
  return index !== undefined && progress.ranges?.some(([from, to]) => from <= index && index <= to) === true
}
