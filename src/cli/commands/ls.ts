import type { RunSummary } from '../../engine/run-summary.ts'
import type { Store } from '../../engine/store.ts'
import type { ItemCounts } from '../../model/records.ts'
import type { Context } from '../context.ts'
import { document, runShape } from '../json-shapes.ts'
import { isStale, nextActions, type StaleRule } from '../render/next-action.ts'
import { noticeLines } from '../render/notice-lines.ts'
import { successRate } from '../render/quantities.ts'
import { shownStateOf } from '../render/run-label.ts'
import { type ListedRun, needsAttention, runListLines } from '../render/run-list.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 20
const pageSize = 200

/** `waymark ls` */
export async function lsCommand(context: Context): Promise<number> {
  const { output, settings, clock } = context
  const { flags } = context.line
  const limit = flags.count('limit') ?? defaultLimit
  const wanted = { pipeline: flags.text('pipeline'), state: flags.text('state') }
  const rule: StaleRule = { staleAfterMs: settings.staleAfterMs, now: clock.now() }
  const { runs, total, notices } = await withStore(context, async store => {
    const found = await findRuns(store, limit, wanted, rule)
    const listed: ListedRun[] = []
    for (const run of found.runs) listed.push({ run, items: await itemsOf(store, run) })
    return { runs: listed, total: found.total, notices: store.notices() }
  })
  if (output.json) {
    const [needy] = runs.filter(({ run }) => needsAttention(run))
    const [command] = needy === undefined ? [] : nextActions(needy.run, rule)
    const shapes = runs.map(listed => listedShape(listed, rule))
    output.jsonLine(document('ls', { runs: shapes, total, notices }, command === undefined ? undefined : { command }))
    return 0
  }
  await output.result(runListLines({ runs, total }, rule, output.stdoutScreen), 'cut')
  if (notices.length > 0) await output.message(noticeLines(notices))
  return 0
}

function listedShape({ run, items }: ListedRun, rule: StaleRule): object {
  const rate = items === undefined ? undefined : successRate(items)
  return {
    ...runShape(run),
    stale: isStale(run, rule),
    next: nextActions(run, rule)[0],
    ...(items === undefined ? {} : { items }),
    ...(rate === undefined ? {} : { successPercent: Number(rate) }),
  }
}

/** Items of all stages of the run's own; what is inside an item is counted with that. */
async function itemsOf(store: Store, run: RunSummary): Promise<ItemCounts | undefined> {
  if (run.stagesStarted === 0) return undefined
  let sum: ItemCounts | undefined
  for (const { path, counts } of await store.stages(run.id)) {
    if (counts === undefined || path.includes('/')) continue
    const { done = 0, skipped = 0, setAside = 0, retries = 0 } = sum ?? {}
    sum = {
      done: done + counts.done,
      skipped: skipped + counts.skipped,
      setAside: setAside + counts.setAside,
      retries: retries + counts.retries,
    }
  }
  return sum
}

interface Wanted {
  readonly pipeline: string | undefined
  readonly state: string | undefined
}

interface Found {
  readonly runs: readonly RunSummary[]
  /** All that match, shown or not. */
  readonly total: number
}

async function findRuns(store: Store, limit: number, wanted: Wanted, rule: StaleRule): Promise<Found> {
  if (wanted.pipeline === undefined && wanted.state === undefined) {
    return { runs: await store.runs({ limit }), total: (await store.summary()).runs }
  }
  return filterRuns(store, limit, wanted, rule)
}

/** `crashed` and `stale` are not in the records, so states are compared as they are shown. */
async function filterRuns(store: Store, limit: number, { pipeline, state }: Wanted, rule: StaleRule): Promise<Found> {
  const runs: RunSummary[] = []
  let total = 0
  const query = { limit: pageSize, ...(pipeline === undefined ? {} : { pipeline }) }
  for (let page = await store.runs(query); ; ) {
    for (const run of page) {
      if (state !== undefined && !isIn(run, state, rule)) continue
      total++
      if (runs.length < limit) runs.push(run)
    }
    const last = page.at(-1)
    if (page.length < pageSize || last === undefined) return { runs, total }
    page = await store.runs({ ...query, after: { createdAt: last.createdAt, id: last.id } })
  }
}

const isIn = (run: RunSummary, state: string, rule: StaleRule): boolean =>
  state === 'stale' ? isStale(run, rule) : shownStateOf(run) === state || run.shownState === state
