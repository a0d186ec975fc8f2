import type { FoundRecord, IntactStream, StreamPlace } from '../log/log.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import { foldRecords } from './fold-records.ts'
import { forkCosts } from './fork-costs.ts'
import { runLiveness } from './ownership.ts'
import type { RepairCost } from './repair-report.ts'
import type { StoreCore } from './store-core.ts'
import { isDamage } from './verify-log.ts'
import type { RecordSurvey } from './verify-store.ts'

/** A run of which a record in the middle is lost, and from where it goes on: as if its process had died right after that record. */
export interface FallBack {
  readonly run: string
  readonly to: StreamPlace
  /** The newest record there was; undefined where nobody knows, so that it cannot be undone. */
  readonly from: StreamPlace | undefined
  readonly newestToken: number
  readonly reason: string
}

export interface PlannedFallBacks {
  readonly fallBacks: readonly FallBack[]
  /** What is called again, of all runs that have lost records, and of those forked from them. */
  readonly costs: readonly RepairCost[]
}

/** Finds for each run that cannot be read whole what it could go on from. One that a process works on is left alone, and so is one of which not even the beginning is left. */
export async function planFallBacks(core: StoreCore, records: RecordSurvey): Promise<PlannedFallBacks> {
  const fallBacks: FallBack[] = []
  let costs = records.lostWork
  for (const [run, segment] of brokenRuns(records)) {
    const found = await fallBackOf(core, run, segment)
    if (found === undefined) continue
    fallBacks.push(found.fallBack)
    costs = costs.flatMap(cost => (cost.run === run ? stillLost(cost, found.recorded) : [cost]))
    costs = [...costs, ...(await forkCosts(core, { run, to: found.fallBack.to, records: found.records }))]
  }
  return { fallBacks, costs }
}

/**
 * Makes a run go on from its last intact record, and says under which fencing token.
 *
 * @throws WaymarkError `fenced` if somebody has taken it over since
 */
export async function fallBack(core: StoreCore, { run, to, newestToken }: FallBack): Promise<number> {
  return (await core.log.goOnFrom(run, to, newestToken)).token
}

/** Runs that something is lost of, each with a segment to look for it. */
function brokenRuns({ problems }: RecordSurvey): ReadonlyMap<string, string | undefined> {
  const runs = new Map<string, string | undefined>()
  for (const { kind, name, runs: affected } of problems) {
    for (const run of affected) if (!runs.has(run)) runs.set(run, kind === 'segment' ? name : undefined)
  }
  return runs
}

async function fallBackOf(
  core: StoreCore,
  run: string,
  segment: string | undefined,
): Promise<
  { readonly fallBack: FallBack; readonly recorded: RecordedRun; readonly records: readonly FoundRecord[] } | undefined
> {
  const head = (await core.feed.query(catalog => catalog.heads([run]))).get(run)
  const intact = await intactOf(core, run, head?.segment ?? segment)
  if (intact === undefined || intact.isWhole || intact.records.length === 0) return undefined
  const recorded = await foldRecords(core.log, intact.records)
  const { created, lastAttempt } = recorded
  if (created === undefined || lastAttempt === undefined) return undefined
  const known = await core.feed.query(catalog => catalog.run(run))
  if (core.activeRuns.has(run) || (await runLiveness(core, known ?? { id: run, owner: lastAttempt.owner })) === 'alive')
    return undefined
  const seen = head?.token === intact.newest.token ? head.sequence : 0
  const from = { ...intact.newest, sequence: Math.max(seen, intact.newest.sequence) }
  const isKnown = !intact.isEndLost || seen >= intact.newest.sequence
  const at = new Date(recorded.lastTime).toISOString()
  const undo = isKnown ? '' : '; how many there were is not known, so this cannot be undone'
  return {
    recorded,
    records: intact.records,
    fallBack: {
      run,
      to: intact.last,
      from: isKnown ? from : undefined,
      newestToken: intact.newest.token,
      reason: `goes on from its last record before the damage, number ${intact.records.length} of ${at}; those behind it count no more${undo}`,
    },
  }
}

/** Undefined: it can be read whole, or it cannot be told what counts of it. */
async function intactOf(core: StoreCore, run: string, hint: string | undefined): Promise<IntactStream | undefined> {
  try {
    if ((await core.log.history(run, hint)).records.length > 0) return undefined
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  try {
    return await core.log.intact(run, hint)
  } catch (error) {
    if (isWaymarkError(error, 'corrupt')) return undefined
    throw error
  }
}

/** What of a stage is lost, once the run goes on from what is recorded of it. */
function stillLost({ run, stage: path, items }: RepairCost, { stages }: RecordedRun): readonly RepairCost[] {
  const stage = stages.get(path)
  if (items === undefined) return stage?.state === 'completed' ? [] : [{ run, stage: path }]
  const kept = (stage?.counts?.done ?? 0) + (stage?.counts?.skipped ?? 0)
  return items > kept ? [{ run, stage: path, items: items - kept }] : []
}
