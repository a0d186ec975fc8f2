import { type CompletedRange, CompletedSet, rangesLength } from '../model/completed-set.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { StageView } from '../model/run-view.ts'
import { diffLoaded } from './diff-contents.ts'
import type { StoreDiffOptions } from './diff-options.ts'
import type { ContentDiff, ItemsDiff } from './diff-report.ts'
import { storedResults } from './each-results.ts'
import { foldRecords } from './fold-records.ts'
import { forkHistory, ownHistory } from './fork-history.ts'
import type { StoreCore } from './store-core.ts'
import { writtenRows } from './written-rows.ts'

/** Results of more items are not read: both passes are in memory to be compared. */
const mostItems = 200_000

/**
 * What two passes over items have made, in the order of their input: results kept in the store, or what they wrote to an output where that is still as they left it. Where it is not, which items are
 * finished in only one of them, if they are known by index. Undefined where neither is such a pass, or neither made anything.
 */
export async function diffItems(
  core: StoreCore,
  a: StageView,
  b: StageView,
  options: StoreDiffOptions,
): Promise<ContentDiff | undefined> {
  if (a.kind !== 'each' || b.kind !== 'each') return undefined
  const [left, right] = [await recordedOf(core, a), await recordedOf(core, b)]
  const made = [left, right].some(stage => (stage?.results.length ?? 0) > 0 || stage?.output !== undefined)
  if (!made) return undefined
  if ((a.counts?.done ?? 0) + (b.counts?.done ?? 0) > mostItems) return { form: 'unread' }
  const [before, after] = [await rowsOf(core, a, left), await rowsOf(core, b, right)]
  if ('why' in before) return onlyItems(left, right, before.why)
  if ('why' in after) return onlyItems(left, right, after.why)
  if (before.place !== undefined && before.place === after.place)
    return onlyItems(left, right, `${a.output?.path} holds what the later of the two wrote`)
  try {
    // Rows stand in an output in the order in which they were made.
    const isWritten = before.place !== undefined && after.place !== undefined
    return await diffLoaded(core, await arrayOf(before.rows), await arrayOf(after.rows), options, isWritten)
  } catch (error) {
    if (!isWaymarkError(error, 'invalid')) throw error
    return onlyItems(left, right, error.message)
  }
}

async function rowsOf(
  core: StoreCore,
  view: StageView,
  recorded: RecordedStage | undefined,
): Promise<{ readonly rows: AsyncIterable<unknown>; readonly place?: string } | { readonly why: string }> {
  const results = recorded?.results ?? []
  return results.length > 0 || view.output === undefined ? { rows: storedResults(core, results) } : writtenRows(core, view)
}

async function arrayOf(rows: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const values: unknown[] = []
  for await (const value of rows) values.push(value)
  return values
}

/** Digests of keys are made with another salt in each run: only indexes can be compared. */
function onlyItems(a: RecordedStage | undefined, b: RecordedStage | undefined, why: string): ItemsDiff {
  if (a === undefined || b === undefined || a.keys.size + b.keys.size > 0) return { form: 'items', why }
  const [onlyBefore, onlyAfter] = [rangesOnlyIn(a, b), rangesOnlyIn(b, a)]
  return { form: 'items', why, onlyBefore, onlyAfter, inBoth: a.completed.size - rangesLength(onlyBefore) }
}

function rangesOnlyIn({ completed }: RecordedStage, other: RecordedStage): readonly CompletedRange[] {
  const left = new CompletedSet()
  for (const [from, to] of completed.toRanges()) left.addRange(from, to)
  for (const [from, to] of other.completed.toRanges()) left.removeRange(from, to)
  return left.toRanges()
}

async function recordedOf(core: StoreCore, { run, path }: StageView): Promise<RecordedStage | undefined> {
  const recorded = await foldRecords(core.log, await forkHistory(core, await ownHistory(core, run)))
  return recorded.stages.get(path)
}
