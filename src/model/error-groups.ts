import type { StoredError } from './records.ts'
import type { RememberedItem } from './remembered-item.ts'
import type { ScopePath } from './scope.ts'

/** An item put away, and the stage it belongs to. */
export interface StagedItem {
  readonly stage: ScopePath
  readonly item: RememberedItem
}

/** Items of one stage that failed in the same way. */
export interface ErrorGroup {
  /** The fingerprint of their errors; the first letters of it are enough to name it. */
  readonly group: string
  readonly stage: ScopePath
  readonly count: number
  /** Wall milliseconds. */
  readonly firstAt: number
  readonly lastAt: number
  /** Calls made of all its items. */
  readonly calls: number
  /** Of the item put away last. */
  readonly error: StoredError
  /** Keys of the first items, or their indexes as text. */
  readonly sampleKeys: readonly string[]
}

const mostSamples = 5

/** Groups items by stage and fingerprint, the largest group first; of equal ones the one seen first. */
export function groupErrors(items: Iterable<StagedItem>): ErrorGroup[] {
  const groups = new Map<string, ErrorGroup>()
  for (const { stage, item } of items) {
    const id = `${stage}\n${item.fingerprint}`
    const known = groups.get(id)
    const name = item.key ?? String(item.index)
    if (known === undefined) {
      groups.set(id, {
        group: item.fingerprint,
        stage,
        count: 1,
        firstAt: item.time,
        lastAt: item.time,
        calls: item.calls,
        error: item.sample.error,
        sampleKeys: [name],
      })
      continue
    }
    groups.set(id, {
      ...known,
      count: known.count + 1,
      firstAt: Math.min(known.firstAt, item.time),
      lastAt: Math.max(known.lastAt, item.time),
      calls: known.calls + item.calls,
      sampleKeys: known.sampleKeys.length < mostSamples ? [...known.sampleKeys, name] : known.sampleKeys,
    })
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || a.firstAt - b.firstAt)
}
