import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, pipeline, type Store } from 'waymark'
import { type Clock, systemClock } from '../../src/model/clock.ts'

const day = 86_400_000

/** The real clock, some days ahead. */
const ahead = (days: number): Clock => ({
  now: () => systemClock.now() + days * day,
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
})

/** Opens one store on several days. */
async function withDays(
  use: (on: <T>(days: number, work: (store: Store) => Promise<T>) => Promise<T>) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-cleanup-'))
  try {
    await use(async (days, work) => {
      const store = await open({ path: join(folder, '.waymark'), components: { clock: ahead(days) } })
      try {
        return await work(store)
      } finally {
        await store.close()
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const calls: string[] = []
const orders = pipeline('orders', async (run, params) => {
  const extracted = await run.stage('extract', () => {
    calls.push('extract')
    return ['a', 'b', String(params['day'])]
  })
  const done = await run.each(
    'enrich',
    extracted,
    item => {
      calls.push(item)
      if (item === 'b' && params['fails'] === true) throw new Error('bad')
      return item
    },
    { key: item => item, tolerate: { count: 1 } },
  )
  await run.stage('report', () => calls.push('report'))
  return done.done
})

const idsOf = async (store: Store): Promise<string[]> => (await store.list({ limit: 1_000 })).map(({ id }) => id).sort()

test('[A5] [B9] a cleanup deletes what is old of the runs that are not among the ten newest, and says how much', async () => {
  await withDays(async on => {
    const runs = await on(0, async store => {
      const ids: string[] = []
      for (let n = 0; n < 13; n++) ids.push((await orders.run({ day: String(n) }, { store })).run)
      await store.save({ value: 'of no run', id: 'own' })
      await assert.rejects(
        pipeline('broken', async run => {
          await run.stage('kept', () => 'kept')
          throw new Error('stop')
        }).run({}, { store }),
      )
      return ids
    })
    await on(5, async store => {
      assert.equal((await store.cleanUp()).removed.length, 0)
    })
    await on(8, async store => {
      const [oldest = ''] = runs
      const [pinned] = await store.list({ run: oldest, stage: 'report' })
      await store.pin(pinned?.id ?? '')
      const before = await idsOf(store)
      const old = new Set<string | undefined>(runs.slice(0, 3))
      const due = (await store.list({ limit: 1_000 }))
        .filter(one => old.has(one.run) && one.id !== pinned?.id)
        .map(({ id }) => id)

      const plan = await store.cleanUp({ plan: true })
      assert.equal(plan.planned, true)
      assert.deepEqual(plan.removed.map(({ id }) => id).sort(), due.sort())
      assert.deepEqual(await idsOf(store), before)

      const report = await store.cleanUp()
      assert.deepEqual(report, { ...plan, planned: false })
      assert.deepEqual(
        await idsOf(store),
        before.filter(id => !due.includes(id)),
      )
      assert.deepEqual(
        new Set(report.kept.map(({ reason }) => reason)),
        new Set(['among the newest runs of its pipeline', 'of no pipeline’s run', 'its run is unfinished', 'pinned']),
      )
      assert.equal((await store.cleanUp()).removed.length, 0)
    })
    // What is kept can be used, also after the catalog was read anew from the log.
    await on(8, async store => {
      assert.equal((await store.load('own')).value, 'of no run')
      for (const { id } of await store.list({ run: runs[12] ?? '' })) await store.load(id)
    })
  })
})

test('items of a run that was cleaned up can be requeued: stages whose results are gone are called again', async () => {
  await withDays(async on => {
    const run = await on(0, async store => (await orders.run({ day: '1', fails: true } as never, { store, runId: 'r' })).run)
    await on(30, async store => {
      const report = await store.cleanUp({ olderThanDays: 7, newestRuns: 0 })
      // The newest good one of each stage stays: take those too.
      for (const { id } of await store.list({ run, limit: 100 })) await store.delete(id)
      assert.ok(report.kept.some(({ reason }) => reason === 'the newest good one of its stage'))
      await store.requeue(run, { all: true })
      calls.splice(0)
      const { setAside } = await orders.run({ day: '1', fails: true } as never, { store })
      assert.equal(setAside, 1)
      assert.ok(calls.includes('extract') && calls.includes('b') && calls.includes('report'), calls.join())
    })
  })
})

test('numbers of any type are checked before anything is deleted', async () => {
  await withDays(on =>
    on(0, async store => {
      for (const options of [{ olderThanDays: -1 }, { olderThanDays: 'x' }, { newestRuns: 1.5 }, { olderThanDays: Number.NaN }])
        await assert.rejects(Reflect.apply(store.cleanUp, store, [options]), error => isWaymarkError(error, 'invalid'))
    }),
  )
})
