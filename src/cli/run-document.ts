import type { CheckpointInfo } from '../engine/checkpoint-info.ts'
import type { RunSummary } from '../engine/run-summary.ts'
import type { SetAsideEntry } from '../engine/set-aside-items.ts'
import type { Store } from '../engine/store.ts'
import { entryShape } from './commands/items.ts'
import { reportShape } from './commands/report.ts'
import { checkpointInfoShape, stageShape } from './json-shapes.ts'

const page = 500

/** A whole run as one JSON value: what `waymark export RUN` writes. Values of checkpoints are not in it: those are exported by their ids. */
export async function runDocument(store: Store, run: RunSummary): Promise<object> {
  const report = await store.report(run.id)
  const worked = new Map(report.stages.map(stage => [stage.path, stage]))
  const stages = (await store.stages(run.id)).map(stage => {
    const { workedMs, reused, reusedItems } = { ...worked.get(stage.path) }
    return { ...stageShape(stage), workedMs, reused, reusedItems }
  })
  return {
    ...reportShape(run, report),
    stages,
    setAsideItems: (await setAsideItems(store, run.id)).map(entryShape),
    checkpoints: (await checkpointsOf(store, run.id)).map(checkpointInfoShape),
    notices: store.notices(),
  }
}

async function setAsideItems(store: Store, run: string): Promise<readonly SetAsideEntry[]> {
  const items: SetAsideEntry[] = []
  for (let after: string | undefined; ; ) {
    const found = await store.setAside(run, { limit: 100_000, ...(after === undefined ? {} : { after }) })
    items.push(...found.items)
    after = found.next
    if (after === undefined) return items
  }
}

async function checkpointsOf(store: Store, run: string): Promise<readonly CheckpointInfo[]> {
  const checkpoints: CheckpointInfo[] = []
  for (let after: CheckpointInfo | undefined; ; ) {
    const found = await store.list({ run, limit: page, ...(after === undefined ? {} : { after }) })
    checkpoints.push(...found)
    after = found.at(-1)
    if (after === undefined || found.length < page) return checkpoints
  }
}
