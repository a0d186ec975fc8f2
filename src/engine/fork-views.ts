import type { FoundRecord, Log } from '../log/log.ts'
import { applyRecord, stageOf } from '../model/apply-record.ts'
import { throwsAway } from '../model/apply-stage-record.ts'
import type { StageInherited } from '../model/records.ts'
import type { RunView, StageView } from '../model/run-view.ts'
import { ScopeMap } from '../model/scope-map.ts'
import { decodeFound } from './decode-found.ts'

/** So many stages of the run of origin are shown in a fork; the rest count all the same. */
const mostStages = 5_000

/** What a fork shows of the stages it has from these records: as the catalog showed them when the last of the records was the newest. */
export async function forkViews(
  log: Pick<Log, 'read'>,
  run: string,
  records: readonly FoundRecord[],
  time: number,
): Promise<readonly StageInherited[]> {
  const stages = new ScopeMap<StageView>()
  let view: RunView | undefined
  for (const found of records) {
    const { position } = found
    const record = await decodeFound(log, found)
    const path = stageOf(record)
    const inside = path === undefined || !throwsAway(record) ? [] : stages.inside(path).flatMap(one => stages.get(one) ?? [])
    const stage = path === undefined ? undefined : stages.get(path)
    const change = applyRecord(run, { run: view, stage, inside }, record, position)
    view = change.run ?? view
    for (const gone of change.deletedStages ?? []) stages.delete(gone)
    if (change.stage !== undefined) stages.set(change.stage.path, change.stage)
  }
  const shown = [...stages.values()].sort(
    (a, b) => Number(a.path.includes('/')) - Number(b.path.includes('/')) || a.order - b.order,
  )
  return shown.slice(0, mostStages).map(stage => ({ type: 'stage.inherited', time, path: stage.path, stage }))
}
