import { parseWhere } from '../model/checkpoint-filter.ts'
import type { RecordedRun } from '../model/recorded-run.ts'
import type { StoreCore } from './store-core.ts'

const page = 500
const reason = 'its recorded result is damaged'

/** Notes which stages of a run must be called again because what they recorded is marked as damaged: `waymark repair` marks what it cannot mend. */
export async function noteDamagedStages(core: StoreCore, run: string, recorded: RecordedRun): Promise<void> {
  if (recorded.stages.size === 0) return
  for (const one of [...recorded.ancestors, run]) await noteDamagedIn(core, one, recorded)
}

async function noteDamagedIn(core: StoreCore, run: string, recorded: RecordedRun): Promise<void> {
  const where = parseWhere({ status: 'damaged' })
  for (let after: { order: number; id: string } | undefined; ; ) {
    const damaged = await core.feed.query(catalog =>
      catalog.checkpoints({ run, where, limit: page, ...(after === undefined ? {} : { after }) }),
    )
    for (const { id, stage: path } of damaged) {
      const stage = path === undefined ? undefined : recorded.stages.get(path)
      if (stage?.checkpoint?.id === id || stage?.results.some(({ checkpoint }) => checkpoint?.id === id))
        stage.outdated ??= reason
    }
    after = damaged.at(-1)
    if (after === undefined || damaged.length < page) return
  }
}
