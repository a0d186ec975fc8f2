import { RecordedRun } from '../model/recorded-run.ts'
import type { ResultsRecord } from '../model/recorded-stage.ts'
import type { StageView } from '../model/run-view.ts'
import { diffLoaded } from './diff-contents.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { ContentDiff } from './diff-report.ts'
import { storedResults } from './each-results.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { StoreCore } from './store-core.ts'

/** Results of more items are not read: both passes are in memory to be compared. */
const mostItems = 200_000

/**
 * What two passes over items have kept as results, in the order of their input. Undefined where neither is such a pass or neither kept any in the store: what went into an output of the user's is not read.
 */
export async function diffItems(
  core: StoreCore,
  a: StageView,
  b: StageView,
  options: StoreDiffOptions,
): Promise<ContentDiff | undefined> {
  if (a.kind !== 'each' || b.kind !== 'each') return undefined
  const [left, right] = [await resultsOf(core, a), await resultsOf(core, b)]
  if (left.length === 0 && right.length === 0) return undefined
  if ((a.counts?.done ?? 0) + (b.counts?.done ?? 0) > mostItems) return { form: 'unread' }
  return diffLoaded(core, await valuesOf(core, left), await valuesOf(core, right), options)
}

async function valuesOf(core: StoreCore, records: readonly ResultsRecord[]): Promise<readonly unknown[]> {
  const values: unknown[] = []
  for await (const value of storedResults(core, records)) values.push(value)
  return values
}

async function resultsOf(core: StoreCore, { run, path }: StageView): Promise<readonly ResultsRecord[]> {
  const recorded = new RecordedRun()
  for (const { payload, position } of await forkHistory(core, await ownHistory(core, run)))
    recorded.apply(decodeRunRecord(payload), position)
  return recorded.stages.get(path)?.results ?? []
}
