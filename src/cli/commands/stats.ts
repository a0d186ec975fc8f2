import type { Context } from '../context.ts'
import { document, isoTime } from '../json-shapes.ts'
import { storeStatsLines } from '../render/store-stats.ts'
import { withStore } from '../with-store.ts'

/** `waymark stats` */
export async function statsCommand(context: Context): Promise<number> {
  const { output, clock } = context
  const found = await withStore(context, async (store, { path }) => {
    const { runs } = await store.summary()
    return { path, runs, stats: await store.stats({ orphans: true }), notices: store.notices() }
  })
  if (output.json) {
    const { oldestAt, newestAt, ...stats } = found.stats
    const times = {
      ...(oldestAt === undefined ? {} : { oldestAt: isoTime(oldestAt) }),
      ...(newestAt === undefined ? {} : { newestAt: isoTime(newestAt) }),
    }
    const hint = stats.expired > 0 ? { command: 'waymark checkpoints --status expired' } : undefined
    output.jsonLine(document('stats', { store: found.path, runs: found.runs, ...stats, ...times, notices: found.notices }, hint))
    return 0
  }
  await output.result(storeStatsLines(found, clock.now(), output.stdoutScreen), 'cut')
  return 0
}
