import { compareValues } from '../diff/compare-values.ts'
import { total } from '../diff/found-differences.ts'
import { parsePath } from '../format/parse-path.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { SecretMask } from '../model/secret-mask.ts'
import { isSameLeaf, kindOf } from '../model/value-kind.ts'
import type { ValueStep } from '../model/value-step.ts'
import { allCheckpoints, allRuns } from './all-pages.ts'
import { checkOptionNames } from './check-labels.ts'
import { type ComparedSide, resolveSide, stageSide } from './diff-sides.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { readPart } from './read-part.ts'
import type { StoreCore } from './store-core.ts'

export interface KeyHistoryOptions {
  /** Of a stage: over all runs of the pipeline, what each saved last, and not over all checkpoints of the one run. Of a run it is always so, with what each run returned. Default false. */
  readonly runs?: boolean
  /** Also where the value is the same as before. Default false. */
  readonly all?: boolean
  /** At most so many checkpoints, the newest. Default 1,000. */
  readonly limit?: number
  readonly mask?: readonly string[]
  readonly showSecrets?: boolean
}

/** The value at one path over time. */
export interface KeyHistory {
  readonly path: string
  readonly pipeline?: string
  readonly run?: string
  readonly stage?: string
  /** Oldest first. */
  readonly entries: readonly KeyEntry[]
  /** How many checkpoints were looked at. */
  readonly checkpoints: number
  /** There are older ones that were not. */
  readonly hasMore: boolean
}

export interface KeyEntry {
  readonly checkpoint: string
  readonly run?: string
  /** Wall milliseconds. */
  readonly createdAt: number
  /** `value`: there is one; `missing`: nothing is at the path; `damaged`: the checkpoint cannot be read. */
  readonly state: 'value' | 'missing' | 'damaged'
  readonly value?: unknown
  /** The same as in the entry before. */
  readonly same: boolean
}

const defaultLimit = 1_000

/**
 * Follows one key through all checkpoints of a stage, or over all runs of a pipeline. Of each checkpoint only what holds the key is read.
 *
 * @throws WaymarkError `not_found` also where no checkpoint has anything at the path, `conflict`, `invalid` for a path or an address that cannot be followed
 */
export async function keyHistory(
  core: StoreCore,
  address: string,
  path: string,
  options: KeyHistoryOptions,
): Promise<KeyHistory> {
  checkOptionNames('keyHistory', options, ['runs', 'all', 'limit', 'mask', 'showSecrets'])
  const steps = stepsOf(path)
  await core.feed.refresh()
  const side = await resolveSide(core, address)
  const { limit = defaultLimit } = options
  const found: CheckpointView[] = []
  let hasMore = false
  for await (const view of viewsOf(core, side, options.runs === true)) {
    if (found.length === limit) {
      hasMore = true
      break
    }
    found.push(view)
  }
  const entries = await entriesOf(core, found.reverse(), path)
  if (entries.length > 0 && entries.every(({ state }) => state === 'missing'))
    throw await nowhere(core, found, side.address, path)
  if (side.kind !== 'checkpoint' && side.run !== undefined) core.redaction.learnRun(side.run)
  const secrets = new SecretMask([...core.redaction.masks, ...(options.mask ?? [])])
  const shown = entries
    .filter(entry => options.all === true || !entry.same)
    .map(entry =>
      entry.state !== 'value' || options.showSecrets === true ? entry : { ...entry, value: secrets.value(entry.value, steps) },
    )
  return { path, ...labelsOf(side), entries: shown, checkpoints: found.length, hasMore }
}

/** Newest first. */
async function* viewsOf(core: StoreCore, side: ComparedSide, overRuns: boolean): AsyncIterableIterator<CheckpointView> {
  if (side.kind === 'run') return yield* overAllRuns(core, side.run, run => resultOf(core, run))
  if (side.kind === 'stage' && overRuns) {
    if (side.run === undefined) throw notFollowed(side.address, 'was not made by a run of a pipeline')
    return yield* overAllRuns(core, side.run, async run => (await stageSide(core, run.id, run, side.path))?.checkpoint)
  }
  const { run, stage } = side.kind === 'stage' ? { run: side.runId, stage: side.path } : side.checkpoint
  if (stage === undefined) throw notFollowed(side.address, 'belongs to no stage')
  yield* allCheckpoints(core, { stage, ...(run === undefined ? {} : { run }) })
}

async function* overAllRuns(
  core: StoreCore,
  { pipeline }: RunView,
  savedBy: (run: RunView) => Promise<CheckpointView | undefined>,
): AsyncIterableIterator<CheckpointView> {
  for await (const run of allRuns(core, { pipeline })) {
    const view = await savedBy(run)
    if (view !== undefined) yield view
  }
}

async function resultOf(core: StoreCore, { resultId }: RunView): Promise<CheckpointView | undefined> {
  return resultId === undefined ? undefined : findCheckpoint(core, resultId)
}

async function entriesOf(core: StoreCore, views: readonly CheckpointView[], path: string): Promise<KeyEntry[]> {
  const entries: KeyEntry[] = []
  let before: { readonly digest: string; readonly entry: KeyEntry } | undefined
  for (const view of views) {
    const read = before?.digest === view.digest ? before.entry : await partAt(core, view, path)
    const { state } = read
    const same = before !== undefined && before.entry.state === state && isSame(before.entry.value, read.value)
    const entry: KeyEntry = {
      checkpoint: view.id,
      createdAt: view.createdAt,
      ...(view.run === undefined ? {} : { run: view.run }),
      state,
      ...(state === 'value' ? { value: read.value } : {}),
      same,
    }
    entries.push(entry)
    before = { digest: view.digest, entry }
  }
  return entries
}

async function partAt(
  core: StoreCore,
  view: CheckpointView,
  path: string,
): Promise<{ readonly state: KeyEntry['state']; readonly value?: unknown }> {
  if (view.encoding !== 'cbor') return { state: 'missing' }
  try {
    return { state: 'value', value: await readPart(core, view, path) }
  } catch (error) {
    if (isWaymarkError(error, 'not_found')) return { state: 'missing' }
    if (isWaymarkError(error, 'corrupt')) return { state: 'damaged' }
    throw error
  }
}

function isSame(a: unknown, b: unknown): boolean {
  if (kindOf(a) === 'leaf' || kindOf(b) === 'leaf') return isSameLeaf(a, b)
  return total(compareValues(a, b, { limit: 0 }).counts) === 0
}

/** For the mask, which asks for names only. */
function stepsOf(path: string): ValueStep[] {
  return parsePath(path).map(({ key, isMapKey }): ValueStep => {
    if (isMapKey) return { kind: 'map-key', key }
    return typeof key === 'number' ? { kind: 'index', key } : { kind: 'property', key: String(key) }
  })
}

function labelsOf(side: ComparedSide): Pick<KeyHistory, 'pipeline' | 'run' | 'stage'> {
  if (side.kind === 'run') return { pipeline: side.run.pipeline }
  if (side.kind === 'stage') {
    return { run: side.runId, stage: side.path, ...(side.run === undefined ? {} : { pipeline: side.run.pipeline }) }
  }
  const { run, stage } = side.checkpoint
  return { ...(run === undefined ? {} : { run }), ...(stage === undefined ? {} : { stage }) }
}

/** Mistyped, as it seems: with what the newest one has that is near. */
async function nowhere(core: StoreCore, views: readonly CheckpointView[], address: string, path: string): Promise<WaymarkError> {
  const newest = views.at(-1)
  const missed: unknown = newest === undefined ? undefined : await readPart(core, newest, path).catch((error: unknown) => error)
  const near = isWaymarkError(missed) ? missed.details['near'] : undefined
  return new WaymarkError('not_found', {
    message: `no checkpoint of ${address} has anything at ${path}${near === undefined ? '' : `; did you mean ${near}?`}`,
    means: 'Nothing was changed.',
    remedy: newest === undefined ? 'waymark checkpoints' : `See the keys of the newest with: waymark show ${newest.id}`,
    details: { path, checkpoints: views.length, ...(near === undefined ? {} : { near }) },
  })
}

const notFollowed = (address: string, why: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${address} ${why}, so that no key can be followed through it`,
    means: 'Nothing was read or changed.',
    remedy: 'Name a stage (RUN/STAGE), or a run of a pipeline.',
  })
