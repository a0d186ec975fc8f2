import type { FoundRecord } from '../log/log.ts'
import { nearest } from '../model/did-you-mean.ts'
import { WaymarkError } from '../model/errors.ts'
import { type ForkOrigin, isInherited } from '../model/fork-origin.ts'
import type { RunRecord } from '../model/records.ts'
import type { CheckpointView, RunView } from '../model/run-view.ts'
import { isInside, type ScopePath, stageNameOf } from '../model/scope.ts'
import { checkpointIn } from './checkpoint-in.ts'
import { decodeFound } from './decode-found.ts'
import { findCheckpoint } from './find-checkpoint.ts'
import { forkHistory, originOf, ownHistory } from './fork-history.ts'
import { resolveAddress } from './resolve-address.ts'
import type { StoreCore } from './store-core.ts'

/** Where a run is to be forked. */
export interface ForkPoint {
  /** The run that was named: pipeline, params and file of the new one are its. */
  readonly run: RunView
  readonly origin: ForkOrigin
  /** What counts in the new run, oldest first. */
  readonly records: readonly FoundRecord[]
  /** The checkpoint that was named, or that the stage ended with. */
  readonly checkpoint: CheckpointView | undefined
}

/** A record of the run itself, decoded. */
interface OwnRecord {
  readonly stored: FoundRecord
  readonly record: RunRecord
}

/** How many of these records count in the fork; undefined: the place is not among them. */
type Cut = (own: readonly OwnRecord[]) => number | undefined

/**
 * The place that an address names in what a run recorded: its end, the end of a stage (or as far as that is), the record that committed a checkpoint.
 *
 * @param before Just before the beginning of this stage instead.
 * @throws WaymarkError `not_found` with what is near, `invalid` for what is no place to fork at
 */
export async function forkPoint(core: StoreCore, address: string, before: ScopePath | undefined): Promise<ForkPoint> {
  const named = await whatIsNamed(core, address)
  if (named.item !== undefined) throw oneItem(address, named.run.id)
  if (before !== undefined && (named.stage !== undefined || named.checkpoint !== undefined)) throw twoPlaces(address, before)
  const { run } = named
  const stage = before ?? named.stage ?? named.checkpoint?.stage
  const found = await locate(core, run.id, await ownHistory(core, run.id), cutOf(named, before))
  if (found === undefined) throw await notThere(core, named, before)
  const { last, records } = found
  const checkpoint = named.checkpoint ?? (await checkpointAt(core, last, named.stage))
  return {
    run,
    origin: {
      run: found.run,
      ...(checkpoint === undefined ? {} : { checkpoint: checkpoint.id }),
      ...(stage === undefined ? {} : { stage }),
      ...(before === undefined ? {} : { before: true }),
      time: last.record.time,
      token: last.stored.token,
      sequence: last.stored.sequence,
    },
    records: await forkHistory(core, records),
    checkpoint,
  }
}

interface Named {
  readonly run: RunView
  readonly stage?: ScopePath
  readonly item?: string
  readonly checkpoint?: CheckpointView
}

/** An id in full goes before the beginning of one, and a run before a checkpoint. */
async function whatIsNamed(core: StoreCore, address: string): Promise<Named> {
  const byRun = async (): Promise<Named> => resolveAddress(address, query => core.feed.query(catalog => catalog.runs(query)))
  if (/[/@]/.test(address) || address === '') return byRun()
  const checkpoint = await findCheckpoint(core, address)
  if (checkpoint === undefined) return byRun()
  const same = await core.feed.query(catalog => catalog.run(address))
  if (same !== undefined) return { run: same }
  const { run: id } = checkpoint
  const run = id === undefined ? undefined : await core.feed.query(catalog => catalog.run(id))
  if (run === undefined) throw ofNoRun(checkpoint)
  return { run, checkpoint }
}

function cutOf({ stage, checkpoint }: Named, before: ScopePath | undefined): Cut {
  if (before !== undefined) return own => beginningOf(own, before)
  if (checkpoint !== undefined) return own => committing(own, checkpoint) ?? savedAfter(own, checkpoint)
  if (stage !== undefined) return own => endOf(own, stage)
  return own => (own.length === 0 ? undefined : own.length)
}

interface Located {
  readonly run: string
  readonly last: OwnRecord
  readonly records: readonly FoundRecord[]
}

/** The place in the run's own records, or else in those it was forked from. */
async function locate(core: StoreCore, run: string, records: readonly FoundRecord[], cut: Cut): Promise<Located | undefined> {
  const own: OwnRecord[] = []
  for (const stored of records) own.push({ stored, record: await decodeFound(core.log, stored) })
  const amount = cut(own)
  const last = amount === undefined ? undefined : own[amount - 1]
  if (last !== undefined) return { run, last, records: records.slice(0, amount) }
  const origin = await originOf(core, records)
  if (origin === undefined) return undefined
  const inherited = (await ownHistory(core, origin.run)).filter(record => isInherited(origin, record))
  return locate(core, origin.run, inherited, cut)
}

/** Whether a path is the stage, or one of its calls in a loop. */
const isCallOf = (path: ScopePath, stage: ScopePath): boolean =>
  path === stage || (!path.includes('/') && stageNameOf(path) === stage)

/** Up to its end; of one that never ended, up to the last that is recorded of it. */
function endOf(own: readonly OwnRecord[], stage: ScopePath): number | undefined {
  const done = own.findLastIndex(({ record }) => record.type === 'stage.done' && isCallOf(record.path, stage))
  const last = own.findLastIndex(({ record }) => isWorkOf(record, stage))
  const at = done === -1 ? last : done
  return at === -1 ? undefined : at + 1
}

const isWorkOf = (record: RunRecord, stage: ScopePath): boolean =>
  'path' in record && record.type !== 'stage.inherited' && (isCallOf(record.path, stage) || isInside(record.path, stage))

/** Up to where it was begun: the last time that it was begun from nothing. */
function beginningOf(own: readonly OwnRecord[], stage: ScopePath): number | undefined {
  let at: number | undefined
  const known = new Set<ScopePath>()
  // One that a fork goes on with was begun by the run before.
  for (const { record } of own) if (record.type === 'stage.inherited') known.add(record.path)
  for (const [index, { record }] of own.entries()) {
    if (record.type !== 'stage.started' || !isCallOf(record.path, stage)) continue
    const isNew = !known.has(record.path)
    known.add(record.path)
    // Of a loop the first call counts: the others may have been going on beside it.
    if (record.path === stage ? isNew || record.redo !== undefined : isNew && at === undefined) at = index
  }
  return at
}

/** Up to the record that committed it. */
function committing(own: readonly OwnRecord[], { id }: CheckpointView): number | undefined {
  const at = own.findIndex(({ record }) => checkpointIn(record)?.id === id)
  return at === -1 ? undefined : at + 1
}

/** One that was saved beside the run's own records: up to the last that was certainly there, by the order of checkpoints where both have it, else by the clock. */
function savedAfter(own: readonly OwnRecord[], { order, createdAt }: CheckpointView): number | undefined {
  const before = own.findLastIndex(({ record }) => (checkpointIn(record)?.order ?? Number.POSITIVE_INFINITY) < order)
  const rest = own.slice(before + 1)
  const later = rest.findIndex(({ record }) => checkpointIn(record) !== undefined || record.time >= createdAt)
  const amount = later === -1 ? own.length : before + 1 + later
  return amount === 0 ? undefined : amount
}

async function checkpointAt(
  core: StoreCore,
  { record }: OwnRecord,
  stage: ScopePath | undefined,
): Promise<CheckpointView | undefined> {
  const committed = checkpointIn(record)
  if (stage === undefined || committed === undefined) return undefined
  const view = await findCheckpoint(core, committed.id)
  if (view !== undefined) return view
  throw new WaymarkError('not_found', {
    message: `checkpoint ${committed.id}, the result of ${stage}, was deleted`,
    means: 'Nothing was forked.',
    remedy: `Fork where it is not needed: waymark fork RUN --before ${stage}`,
    details: { checkpoint: committed.id },
  })
}

async function notThere(core: StoreCore, { run, stage, checkpoint }: Named, before: ScopePath | undefined): Promise<Error> {
  if (checkpoint !== undefined) return ofNoRun(checkpoint)
  const wanted = before ?? stage
  const stages = await core.feed.query(catalog => catalog.stages(run.id))
  const names = [...new Set(stages.filter(({ path }) => !path.includes('/')).map(({ path }) => stageNameOf(path)))]
  const near = wanted === undefined ? undefined : nearest(wanted, names)
  return new WaymarkError('not_found', {
    message:
      wanted === undefined ? `run ${run.id} has recorded nothing yet` : `run ${run.id} has no stage ${JSON.stringify(wanted)}`,
    means: 'Nothing was forked.',
    remedy:
      near === undefined ? `Its stages: waymark show ${run.id}` : `Did you mean ${near}? Its stages: waymark show ${run.id}`,
    details: { run: run.id, ...(near === undefined ? {} : { near }) },
  })
}

const oneItem = (address: string, run: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${address} names an item, and a run is forked at the end of a stage or at a checkpoint`,
    means: 'Nothing was forked.',
    remedy: `Name the stage, or a checkpoint inside it: waymark checkpoints ${run}`,
  })

const twoPlaces = (address: string, before: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${address} is a place to fork at, and so is "before ${before}"`,
    means: 'Nothing was forked.',
    remedy: `Name the run alone: waymark fork RUN --before ${before}`,
  })

const ofNoRun = ({ id, run }: CheckpointView): WaymarkError =>
  new WaymarkError('invalid', {
    message:
      run === undefined
        ? `checkpoint ${id} belongs to no run`
        : `checkpoint ${id} was saved under the name ${JSON.stringify(run)}, which no run has recorded work by`,
    means: 'Nothing was forked: there is no recorded work to go on from.',
    remedy: `Load it (store.load(${JSON.stringify(id)})), or go on from it with store.patch().`,
    details: { checkpoint: id },
  })
