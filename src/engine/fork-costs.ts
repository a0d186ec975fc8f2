import type { FoundRecord, StreamPlace } from '../log/log.ts'
import { isInherited } from '../model/fork-origin.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { RunView } from '../model/run-view.ts'
import { foldRecords } from './fold-records.ts'
import { originOf, ownHistory } from './fork-history.ts'
import { descendantsOf } from './fork-needs.ts'
import type { RepairCost } from './repair-report.ts'
import type { StoreCore } from './store-core.ts'
import { isDamage } from './verify-log.ts'

/** A run that goes on from an earlier record of its own. */
interface Fallen {
  readonly run: string
  readonly to: StreamPlace
  /** What counts of it from then on. */
  readonly records: readonly FoundRecord[]
}

/** What runs call again that were forked from one that falls back, behind the record it falls back to. */
export async function forkCosts(core: StoreCore, { run, to, records }: Fallen): Promise<readonly RepairCost[]> {
  const costs: RepairCost[] = []
  const histories = new Map<string, readonly FoundRecord[]>([[run, records]])
  const short = new Set<string>()
  for (const fork of await descendantsOf(core, run)) {
    const { forkedFrom: origin } = fork
    if (origin === undefined) continue
    const isShort = short.has(origin.run) || (origin.run === run && !isInherited(to, origin))
    if (!isShort) continue
    short.add(fork.id)
    if (fork.state === 'cancelled') continue
    const recorded = await recordedWithout(core, fork.id, histories)
    if (recorded !== undefined) costs.push(...(await costsOf(core, fork, recorded)))
  }
  return costs
}

/** Undefined where the fork itself is damaged, or runs between them: that is said of those. */
async function recordedWithout(
  core: StoreCore,
  fork: string,
  histories: Map<string, readonly FoundRecord[]>,
): Promise<RecordedRun | undefined> {
  const historyOf = async (run: string): Promise<readonly FoundRecord[]> => {
    const known = histories.get(run) ?? (await ownHistory(core, run))
    histories.set(run, known)
    return known
  }
  try {
    let part = await historyOf(fork)
    let all = part
    for (let origin = await originOf(core, part); origin !== undefined; origin = await originOf(core, part)) {
      const place = origin
      part = (await historyOf(place.run)).filter(record => isInherited(place, record))
      all = [...part, ...all]
    }
    return await foldRecords(core.log, all)
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}

async function costsOf(core: StoreCore, { id, state }: RunView, { stages }: RecordedRun): Promise<readonly RepairCost[]> {
  const views = await core.feed.query(catalog => catalog.stages(id))
  return views.flatMap(({ path, kind, counts, state: shown }): readonly RepairCost[] => {
    const stage = stages.get(path)
    const cost = { run: id, stage: path, runState: state }
    if (kind !== 'each') return shown === 'completed' && stage?.state !== 'completed' ? [cost] : []
    const before = (counts?.done ?? 0) + (counts?.skipped ?? 0)
    const kept = (stage?.counts?.done ?? 0) + (stage?.counts?.skipped ?? 0)
    return before > kept ? [{ ...cost, items: before - kept }] : []
  })
}
