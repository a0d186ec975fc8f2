import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Catalog, CatalogChange } from '../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../src/catalog/sqlite-catalog.ts'
import type { ListOptions } from '../src/engine/list-checkpoints.ts'
import { encodeValue } from '../src/format/encode-value.ts'
import { newCheckpointId, newRunId } from '../src/model/ids.ts'
import type { CheckpointView, RunView, StageView } from '../src/model/run-view.ts'
import { open } from '../src/open.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'

/*
 * What the catalog costs: node bench/catalog.ts [checkpoints, default 100,000]. Ratios are to a bare node:sqlite with the same settings, in the same minute.
 */
const checkpoints = Number(process.argv[2] ?? 100_000)
const random = seededRandom(1)
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-catalog-'))
const path = join(folder, 'catalog.sqlite')
const anyState = { marks: new Map<string, number>(), heads: new Map() }
const digest = `sha256:${'0123456789abcdef'.repeat(4)}`

const microseconds = (ms: number): string => `${(ms * 1000).toFixed(1)} µs`
function line(what: string, figure: string, ratio?: number): void {
  console.log(`${what.padEnd(72)} ${figure.padStart(12)}${ratio === undefined ? '' : `   ${ratio.toFixed(1)}x bare`}`)
}

/** Median duration in milliseconds. */
async function median(times: number, work: (index: number) => unknown): Promise<number> {
  const durations: number[] = []
  for (let index = 0; index < times; index++) {
    const start = performance.now()
    await work(index)
    durations.push(performance.now() - start)
  }
  return durations.sort((a, b) => a - b)[times >> 1] ?? 0
}

let order = 1_767_225_600_000_000
const runs: RunView[] = []

/** What one finished stage changes: its run, itself, its checkpoint, the head of the run and the mark of the segment. */
function stageDone(runId: string, index: number): CatalogChange[] {
  order += 1000
  const time = order / 1000
  const id = newCheckpointId(random)
  const path = `stage-${index % 10}`
  const known = runs.find(run => run.id === runId)
  const run: RunView = {
    ...(known ?? {
      id: runId,
      pipeline: `pipeline-${random.integer(20)}`,
      paramsDigest: digest,
      createdAt: time,
      declaredStages: [],
    }),
    params: { from: '2026-01-01', tickers: ['AAPL', 'MSFT'] },
    state: index % 10 === 9 ? 'completed' : 'running',
    updatedAt: time,
    attempt: 1,
    owner: { process: 'p0123456789abcdef', host: 'machine', pid: 4711, bootId: '01234567-89ab-cdef-0123-456789abcdef' },
    stagesStarted: index,
    stagesCompleted: index,
    lastStage: path,
  }
  if (known === undefined) {
    runs.push(run)
    if (runs.length > 50) runs.shift()
  }
  const stage: StageView = {
    run: runId,
    path,
    kind: 'stage',
    order: index % 10,
    state: 'completed',
    startedAt: time,
    updatedAt: time,
    endedAt: time,
    durationMs: 12,
    attempt: 1,
    checkpointId: id,
    digest,
  }
  const checkpoint: CheckpointView = {
    id,
    run: runId,
    stage: path,
    type: index % 10 === 7 ? 'model' : 'stage',
    createdAt: time,
    order,
    tags: index % 10 === 3 ? ['tenth'] : [],
    metadata: { rows: index },
    digest,
    encoding: 'cbor',
    logicalBytes: 5000,
    storedBytes: 900,
    content: { kind: 'inline' },
    record: { segment: 'segment0123456789abcdef012', offset: order, length: 900 },
  }
  return [
    { kind: 'run', run },
    { kind: 'stage', stage },
    { kind: 'checkpoint', checkpoint },
    { kind: 'head', stream: runId, head: { token: 1, sequence: index, segment: 'segment0123456789abcdef012' } },
    {
      kind: 'mark',
      mark: { segment: 'segment0123456789abcdef012', appliedEnd: order, digest: digest.slice(-32), provenEnd: order },
    },
  ]
}

/** The same bytes as one row of a table without an index, a transaction for each. */
async function bareInsert(): Promise<number> {
  const database = new DatabaseSync(join(folder, 'bare.sqlite'))
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE bare (n INTEGER PRIMARY KEY, body BLOB)')
  const [begin, insert, commit] = [
    database.prepare('BEGIN IMMEDIATE'),
    database.prepare('INSERT INTO bare (body) VALUES (?)'),
    database.prepare('COMMIT'),
  ]
  const bodies = Array.from({ length: 5000 }, (_, index) =>
    Buffer.concat(stageDone('bare', index).map(change => encodeValue(change))),
  )
  const duration = await median(bodies.length, index => {
    begin.run()
    insert.run(bodies[index] ?? null)
    commit.run()
  })
  database.close()
  return duration
}

async function fill(catalog: Catalog, count: number): Promise<void> {
  for (let done = 0; done < count; done += 100) {
    const changes: CatalogChange[] = []
    for (let index = done; index < done + 100; index++) {
      if (index % 10 === 0) current = newRunId(random)
      changes.push(...stageDone(current, index))
    }
    await catalog.apply(changes, anyState)
  }
}
let current = newRunId(random)

async function applyCost(catalog: Catalog, stored: number, bare: number): Promise<void> {
  const changes = Array.from({ length: 3000 }, (_, index) => {
    if (index % 10 === 0) current = newRunId(random)
    return stageDone(current, index)
  })
  const views = changes.map(list =>
    list.flatMap(change =>
      change.kind === 'run'
        ? change.run
        : change.kind === 'stage'
          ? change.stage
          : change.kind === 'checkpoint'
            ? change.checkpoint
            : [],
    ),
  )
  const encoding = await median(views.length, index => views[index]?.map(view => encodeValue(view)))
  const applied = await median(changes.length, index => catalog.apply(changes[index] ?? [], anyState))
  line(`apply of one finished stage (run, stage, checkpoint, head, mark), of ${stored}`, microseconds(applied), applied / bare)
  line('  of which encoding', microseconds(encoding))
}

async function openCost(what: string, bytes: number): Promise<void> {
  const checked = await median(5, async () => (await openSqliteCatalog(path)).close())
  const unchecked = await median(20, async () => (await openSqliteCatalog(path, { checkedUpToBytes: 0 })).close())
  const database = new DatabaseSync(path)
  const times = bytes > 2e8 ? 1 : 5
  const quick = await median(times, () => database.prepare('PRAGMA quick_check(1)').all())
  const whole = await median(times, () => database.prepare('PRAGMA integrity_check(1)').all())
  database.close()
  line(`open and close, ${what} (${(bytes / 1e6).toFixed(1)} MB), checked`, `${checked.toFixed(1)} ms`)
  line(`  of which integrity_check (quick_check would be ${quick.toFixed(1)} ms)`, `${whole.toFixed(1)} ms`)
  line('  not checked', `${unchecked.toFixed(2)} ms`)
}

try {
  const bare = await bareInsert()
  line('bare node:sqlite: begin, insert of one row with the same bytes, commit', microseconds(bare))
  const small = await openSqliteCatalog(path)
  await fill(small, 8000)
  await applyCost(small, 8000, bare)
  await small.close()
  await openCost('8,000 checkpoints', statSync(path).size)

  const catalog = await openSqliteCatalog(path)
  const start = performance.now()
  await fill(catalog, checkpoints - 8000)
  line('apply of 100 finished stages at a time, each', microseconds((performance.now() - start) / (checkpoints - 8000)))
  await applyCost(catalog, checkpoints, bare)
  const some = (await catalog.checkpoints({ limit: 5000 })).filter((_, index) => index % 10 === 0)
  const any = (index: number) => some[index % some.length]
  line('a checkpoint by id', microseconds(await median(3000, index => catalog.checkpoint(any(index)?.id ?? ''))))
  line(
    'latest checkpoint of a run and stage',
    microseconds(
      await median(3000, index => catalog.checkpoints({ run: any(index)?.run ?? '', stage: any(index)?.stage ?? '', limit: 1 })),
    ),
  )
  line(
    'page of 50 checkpoints',
    microseconds(await median(2000, index => catalog.checkpoints({ after: any(index) ?? { order: 0, id: '' } }))),
  )
  line('page of 50 runs of a pipeline', microseconds(await median(2000, () => catalog.runs({ pipeline: 'pipeline-3' }))))
  line('page of 50 runs in a state', microseconds(await median(1000, () => catalog.runs({ states: ['completed'] }))))
  line(
    'runs of a pipeline with params, unfinished',
    microseconds(
      await median(1000, () => catalog.runs({ pipeline: 'pipeline-3', paramsDigest: digest, states: ['running', 'failed'] })),
    ),
  )
  line('summary', microseconds(await median(2000, () => catalog.summary())))
  line('statistics', microseconds(await median(500, () => catalog.stats(order / 1000))))
  await catalog.close()
  await openCost(`${checkpoints} checkpoints`, statSync(path).size)
  await pagesOfStore()
} finally {
  rmSync(folder, { recursive: true })
}

/** Whole calls of the API, on a store whose catalog holds these checkpoints. */
async function pagesOfStore(): Promise<void> {
  const storePath = join(folder, 'store')
  const empty = await open(storePath)
  await empty.save({ value: 1 })
  await empty.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(storePath, `catalog.sqlite${suffix}`), { force: true })
  renameSync(path, join(storePath, 'catalog.sqlite'))
  const store = await open(storePath)
  const newest = await store.list({ limit: 1000 })
  const run = newest[500]?.run ?? ''
  const rows = Math.floor(checkpoints / 2)
  const asked: Readonly<Record<string, ListOptions>> = {
    'newest first': {},
    'of a run': { run },
    'of a stage of any run': { stage: 'stage-4' },
    'of a type': { type: 'model' },
    'with a tag': { tags: ['tenth'] },
    'own metadata, equal': { where: { 'metadata.rows': rows } },
    'own metadata, sorted': { sort: { by: 'metadata.rows' } },
    'own metadata, in a narrow range, newest first': { where: { 'metadata.rows': { gte: rows, lt: rows + 1000 } } },
    'sorted by storedBytes (all equal)': { sort: { by: 'storedBytes' } },
    'sorted by createdAt, oldest first': { sort: { by: 'createdAt', direction: 'asc' } },
    'of a run, sorted by own metadata': { run, sort: { by: 'metadata.rows' } },
    expired: { status: 'expired' },
  }
  for (const [what, options] of Object.entries(asked)) {
    const first = await median(300, () => store.list(options))
    const page = await store.list(options)
    const last = page.at(-1)
    const next = last === undefined ? 0 : await median(300, () => store.list({ ...options, after: last }))
    line(`store.list of ${checkpoints}: ${what} (${page.length})`, microseconds(first))
    line('  the page after', microseconds(next))
  }
  const whole = await median(20, () => store.list({ limit: 1000 }))
  line('store.list of 1,000', microseconds(whole))
  line('store.stats', microseconds(await median(100, () => store.stats())))
  line('store.info', microseconds(await median(300, index => store.info(newest[index]?.id ?? ''))))
  await store.close()
}
