import type { RunSummary, Store } from '../../engine/store.ts'
import type { Context } from '../context.ts'
import { document, runShape } from '../json-shapes.ts'
import { shortId, shownStateOf } from '../render/run-label.ts'
import { needsAttention, runListLines } from '../render/run-list.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 20
const pageSize = 200

/** `waymark ls` */
export async function lsCommand(context: Context): Promise<number> {
  const { flags } = context.line
  const limit = flags.count('limit') ?? defaultLimit
  const pipeline = flags.text('pipeline')
  const { runs, total, notices } = await withStore(context, async store => ({
    ...(await findRuns(store, limit, pipeline, flags.text('state'))),
    notices: store.notices(),
  }))
  const [needy] = runs.filter(needsAttention)
  const hint = needy === undefined ? undefined : { command: `waymark resume ${shortId(needy.id)}` }
  if (context.output.json) {
    context.output.jsonLine(document('ls', { runs: runs.map(runShape), total, notices }, hint))
    return 0
  }
  await context.output.result(runListLines({ runs, total }, context.clock.now(), context.output.stdoutScreen), 'cut')
  return 0
}

interface Found {
  readonly runs: readonly RunSummary[]
  /** All that match, shown or not. */
  readonly total: number
}

async function findRuns(store: Store, limit: number, pipeline: string | undefined, state: string | undefined): Promise<Found> {
  if (pipeline === undefined && state === undefined) {
    return { runs: await store.runs({ limit }), total: (await store.summary()).runs }
  }
  return filterRuns(store, limit, pipeline, state)
}

/** `crashed` is not in the records, so states are compared as they are shown. */
async function filterRuns(store: Store, limit: number, pipeline: string | undefined, state: string | undefined): Promise<Found> {
  const runs: RunSummary[] = []
  let total = 0
  const query = { limit: pageSize, ...(pipeline === undefined ? {} : { pipeline }) }
  for (let page = await store.runs(query); ; ) {
    for (const run of page) {
      if (state !== undefined && shownStateOf(run) !== state && run.shownState !== state) continue
      total++
      if (runs.length < limit) runs.push(run)
    }
    const last = page.at(-1)
    if (page.length < pageSize || last === undefined) return { runs, total }
    page = await store.runs({ ...query, after: { createdAt: last.createdAt, id: last.id } })
  }
}
