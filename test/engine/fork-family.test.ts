import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ForkOptions, isWaymarkError, type Lineage, pipeline, type Store } from 'waymark'
import { z } from 'zod'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { CatalogFeed } from '../../src/engine/catalog-feed.ts'
import { lineageOf } from '../../src/engine/fork-lineage.ts'
import { coreOf } from '../../src/engine/store.ts'
import type { RunView } from '../../src/model/run-view.ts'
import { withStore } from './with-store.ts'

const work = pipeline('family', async run => {
  const rows = await run.stage('extract', () => [1, 2, 3])
  return run.stage('report', () => rows.length)
})

/** A run, a fork of it, a fork of that, and so on; the ids of all. */
async function chain(store: Store, forks: number): Promise<string[]> {
  await work.run({}, { store, runId: 'r0' })
  const runs = ['r0']
  for (let n = 1; n <= forks; n++) runs.push((await store.fork(`r${n - 1}`, { runId: `r${n}` })).run)
  return runs
}

test('X6 A5 what a chain of forks holds is found with one look at each run, by a cleanup and by a deletion', t =>
  withStore(async store => {
    const runs = await chain(store, 12)
    // Else it would be kept as the newest of its stage.
    await work.run({}, { store })
    const history = t.mock.method(coreOf(store).log, 'history')
    const { kept } = await store.cleanUp({ plan: true, olderThanDays: 0, newestRuns: 0 })
    assert.deepEqual(history.mock.calls.map(call => call.arguments[0]).sort(), runs.toSorted())
    assert.equal(kept.find(({ reason }) => reason === 'forked by r1')?.checkpoints, 2)
    history.mock.resetCalls()
    const [extract] = await store.list({ run: 'r0', stage: 'extract' })
    await assert.rejects(
      store.delete(extract?.id ?? ''),
      error => isWaymarkError(error, 'conflict') && error.details['fork'] === 'r1',
    )
    assert.deepEqual(history.mock.calls.map(call => call.arguments[0]).sort(), runs.toSorted())
  }))

test('X6 A5 in a family of several branches each checkpoint is held by the nearest fork that needs it; a cancelled one holds nothing, one forked from it does', () =>
  withStore(async store => {
    await work.run({}, { store, runId: 'root' })
    await store.fork('root', { runId: 'given-up', before: 'report' })
    await work.run({}, { store, runId: 'given-up' })
    await store.fork('given-up', { runId: 'below' })
    await store.cancel('given-up')
    await store.reset('given-up')
    const [extract] = await store.list({ run: 'root', stage: 'extract' })
    const [report] = await store.list({ run: 'root', stage: 'report' })
    const [own] = await store.list({ run: 'given-up', stage: 'report' })
    for (const id of [extract?.id ?? '', own?.id ?? ''])
      await assert.rejects(store.delete(id), error => isWaymarkError(error, 'conflict') && error.details['fork'] === 'below')
    await store.delete(report?.id ?? '')
    assert.equal((await work.run({}, { store, runId: 'below' })).value, 3)
  }))

test('X6 a parameter that is named like something every object has is new, where the run had none of that name', () =>
  withStore(async store => {
    await work.run({}, { store, runId: 'first' })
    const { forkedFrom } = await store.fork('first', { params: { constructor: Object.prototype.constructor.name } })
    assert.deepEqual(forkedFrom.changedParams, ['constructor'])
    await assert.doesNotReject(store.fork('first', { params: { toString: 'x' } }))
  }))

test('X6 A5 what a fork stands on, results of a pass included, is kept by the retention at the end of another run, and the fork goes on with it', () =>
  withStore(async store => {
    let calls = 0
    const large = pipeline('large', async run => {
      const { results } = await run.each(
        'pages',
        [1, 2, 3],
        page => {
          calls++
          // More than a megabyte in one save: such results are a checkpoint of their own.
          return Buffer.alloc(600_000, page)
        },
        { key: String, save: { items: 3 } },
      )
      let bytes = 0
      for await (const result of results()) bytes += result.length
      return run.stage('report', () => bytes)
    })
    const everything = { olderThanDays: 0, newestRuns: 0 }
    const ending = pipeline('ending', () => 1, { retention: everything })
    await large.run({}, { store, runId: 'first' })
    await store.fork('first', { runId: 'second', before: 'report' })
    // Else it would be kept as the newest of its stage.
    await large.run({}, { store, runId: 'newer' })
    const ofItems = await store.list({ run: 'first', type: 'items' })
    assert.ok(ofItems.length > 0)
    await ending.run({}, { store })
    assert.deepEqual(
      (await store.list({ run: 'first' })).map(({ id }) => id),
      ofItems.map(({ id }) => id),
    )
    await store.reset('first')
    for (const { id } of ofItems) await assert.rejects(store.delete(id), { code: 'conflict' })
    calls = 0
    assert.equal((await large.run({}, { store, runId: 'second' })).value, 1_800_000)
    assert.equal(calls, 0)
    // Given up, the fork holds nothing, and the retention takes what it held.
    await store.reset('second')
    await ending.run({ again: 'yes' }, { store })
    assert.deepEqual(await store.list({ run: 'first' }), [])
  }))

test('X6 D9 params that the pipeline would refuse are refused before anything is forked, where it is given', () =>
  withStore(async store => {
    const limited = pipeline('limited', (run, params) => run.stage('report', () => params.limit), {
      params: z.object({ limit: z.number().max(10), day: z.string().optional() }),
    })
    await limited.run({ limit: 1 }, { store, runId: 'first' })
    const fork = (params: Readonly<Record<string, unknown>>, by: ForkOptions['pipeline'] = limited) =>
      store.fork('first', { before: 'report', params, ...(by === undefined ? {} : { pipeline: by }) })
    await assert.rejects(fork({ limit: 11 }), error => isWaymarkError(error, 'invalid') && /limit/.test(error.message))
    await assert.rejects(fork({ limit: 'x' }), { code: 'invalid' })
    await assert.rejects(fork({ limit: 2 }, work), { code: 'invalid', message: /of the pipeline "limited", not of "family"/ })
    assert.deepEqual(
      (await store.runs()).map(({ id }) => id),
      ['first'],
    )
    const { run } = await fork({ limit: 2 })
    assert.equal((await limited.run({ limit: 2 }, { store, runId: run })).value, 2)
  }))

test('X6 the lineage of a family of hundreds looks at each run a few times', () =>
  withStore(async store => {
    await work.run({}, { store, runId: 'root' })
    const core = coreOf(store)
    const root = await core.feed.query(catalog => catalog.run('root'))
    assert.ok(root)
    const count = 300
    const originOf = (n: number): string => (n < 2 ? 'root' : `f${n - 2}`)
    let looks = 0
    // Two long chains.
    const family = Array.from({ length: count }, (_, n): RunView => {
      const run = { ...root, id: `f${n}`, createdAt: root.createdAt + n }
      const forkedFrom = { run: originOf(n), token: 1, sequence: 1, time: 1 }
      const get = () => {
        looks++
        return forkedFrom
      }
      return Object.defineProperty(run, 'forkedFrom', { enumerable: true, get })
    })
    const catalog = await openSqliteCatalog(':memory:')
    catalog.runs = async ({ forkedFrom }) => family.filter((_, n) => originOf(n) === forkedFrom)
    const feed = new CatalogFeed(core.log, catalog, core.clock, () => Promise.reject(new Error('it is sound')))
    const tree = await lineageOf({ ...core, feed }, root)
    const size = ({ forks }: Lineage): number => forks.reduce((sum, fork) => sum + size(fork), 1)
    assert.equal(size(tree), 1 + count)
    assert.deepEqual(
      tree.forks.map(({ run }) => run),
      ['f0', 'f1'],
    )
    assert.ok(looks < 10 * count, `${looks} looks`)
    await feed.close()
  }))
