import { hasPlace } from '../diff/has-place.ts'
import type { MergeOptions, MergeResult, MergeStrategy } from '../diff/merge-sides.ts'
import { mergeValues } from '../diff/merge-values.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { PathPatterns } from '../model/path-pattern.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { checkOptionNames } from './check-labels.ts'
import { resolveSide } from './diff-sides.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { learnRunOf } from './learn-run.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { type SaveLabels, saveCheckpoint } from './save-checkpoint.ts'
import type { StoreCore } from './store-core.ts'

export interface StoreMergeOptions extends MergeOptions {
  /** True: saves nothing, and conflicts that nothing decides are only in the report. */
  readonly dryRun?: boolean
  /** What the result is saved under. Absent: it is not saved, only given. */
  readonly saveAs?: Pick<SaveLabels, 'run' | 'stage' | 'id' | 'type' | 'tags' | 'metadata' | 'description'>
}

/** What a merge came to. */
export interface MergeReport extends MergeResult {
  /** Ids of the checkpoints that were merged. */
  readonly merged: { readonly base: string; readonly ours: string; readonly theirs: string }
  /** The checkpoint that the result was saved as; its metadata name the three under `mergedFrom`. */
  readonly saved?: Omit<CheckpointRecord, 'content'>
}

const strategies: readonly MergeStrategy[] = ['ours', 'theirs', 'fail', 'union']

/**
 * Brings two checkpoints together that were made from a third.
 *
 * @throws WaymarkError `conflict` with all of them in `details.conflicts` where the strategy leaves some undecided; `not_found` also where a path of `take` names nothing in any of the three, `corrupt`, `unsupported` for what is no value or rows, `invalid`
 */
export async function mergeCheckpoints(
  core: StoreCore,
  addresses: { readonly base: string; readonly ours: string; readonly theirs: string },
  options: StoreMergeOptions = {},
): Promise<MergeReport> {
  checkMergeOptions(options)
  await core.feed.refresh()
  const { dryRun = false, saveAs, ...how } = options
  const base = await valueAt(core, addresses.base)
  const ours = await valueAt(core, addresses.ours)
  const theirs = await valueAt(core, addresses.theirs)
  const result = mergeValues(base.value, ours.value, theirs.value, how)
  checkTakes(result, [base.value, ours.value, theirs.value])
  const merged = { base: base.view.id, ours: ours.view.id, theirs: theirs.view.id }
  if (dryRun) return { ...result, merged }
  if (result.unresolved > 0) throw undecided(result)
  if (saveAs === undefined) return { ...result, merged }
  const labels = { ...saveAs, metadata: { ...saveAs.metadata, mergedFrom: merged } }
  const isRows = [ours, theirs].every(({ view }) => view.encoding === 'rows') && Array.isArray(result.value)
  const { value } = result
  const { content: _content, ...saved } = await saveCheckpoint(
    core,
    isRows && Array.isArray(value) ? { ...labels, rows: value } : { ...labels, value },
  )
  return { ...result, merged, saved }
}

async function valueAt(core: StoreCore, address: string): Promise<{ readonly view: CheckpointView; readonly value: unknown }> {
  const side = await resolveSide(core, address)
  const { resultId } = side.kind === 'run' ? side.run : {}
  const view = side.kind === 'run' ? resultId && (await findCheckpoint(core, resultId)) : side.checkpoint
  if (view === undefined || view === '') throw nothingSaved(address)
  await learnRunOf(core, view.run)
  if (view.encoding !== 'cbor' && view.encoding !== 'rows') throw noValue(address, view)
  return { view, value: await readCheckpoint(core, view) }
}

function checkMergeOptions(options: StoreMergeOptions): void {
  checkOptionNames('merge', options, ['strategy', 'take', 'arrayKey', 'dryRun', 'saveAs'])
  const given = [options.strategy ?? 'fail', ...Object.values(options.take ?? {})]
  const wrong = given.find(one => !strategies.includes(one))
  if (wrong === undefined) return
  const near = nearest(String(wrong), strategies)
  throw new WaymarkError('invalid', {
    message: `${JSON.stringify(wrong)} is no strategy for a merge${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was merged.',
    remedy: `Use one of ${strategies.join(', ')}.`,
    details: near === undefined ? {} : { near },
  })
}

/** Of a path that fits no conflict there must at least be such a place, or it is mistyped. */
function checkTakes({ unusedTakes = [], conflicts }: MergeResult, values: readonly unknown[]): void {
  const wrong = unusedTakes.find(path => !path.includes('**') && !values.some(value => hasPlace(value, new PathPatterns([path]))))
  if (wrong === undefined) return
  const places = [...conflicts.map(({ path }) => path), ...values.flatMap(topKeys)]
  const near = nearest(wrong, [...new Set(places)])
  throw new WaymarkError('not_found', {
    message: `there is nothing at ${wrong}, for which a side was named, in any of the three${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was saved.',
    remedy: 'Name places as the conflicts are named: --dry-run lists them.',
    details: { path: wrong, ...(near === undefined ? {} : { near }) },
  })
}

const topKeys = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value instanceof Map
      ? [...value.keys()].filter(key => typeof key === 'string')
      : Object.keys(value)
    : []

function undecided({ conflicts, unresolved }: MergeResult): WaymarkError {
  const open = conflicts.filter(({ taken }) => taken === undefined)
  const [first] = open
  const named = open.slice(0, 5).map(({ path }) => (path === '' ? 'the whole value' : path))
  return new WaymarkError('conflict', {
    message: `both changed ${named.join(', ')}${unresolved > named.length ? ` and ${unresolved - named.length} more places` : ''}, each differently`,
    means: 'Nothing was saved; what is merged stays as it is.',
    remedy: `Say whose counts: ${first === undefined || first.path === '' ? '' : `--take '${first.path}=ours' for one place, `}--strategy ours, theirs or union for all.`,
    details: { conflicts: open },
  })
}

const nothingSaved = (address: string): WaymarkError =>
  new WaymarkError('not_found', {
    message: `${address} has no result that is saved`,
    means: 'Nothing was merged.',
    remedy: 'Name a checkpoint: waymark checkpoints lists them.',
  })

const noValue = (address: string, { id, encoding }: CheckpointView): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `${address} (checkpoint ${id}) holds ${encoding}, and only values and rows can be merged`,
    means: 'Nothing was merged.',
    remedy: 'Restore or export both, merge them with a tool for what they are, and save the result.',
    details: { checkpoint: id },
  })
