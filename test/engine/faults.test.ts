import assert from 'node:assert/strict'
import { open, type Store, WaymarkError } from 'waymark'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { coreOf } from '../../src/engine/store.ts'
import { type CountedOperation, faultyFiles } from '../../src/testing/faulty-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { threadTest as test } from '../thread-test.ts'
import { faultPlans } from './trial/fault-plans.ts'
import { hastyClock } from './trial/hasty-clock.ts'
import { type FaultPlan, Trial } from './trial/trial.ts'
import type { Workload } from './trial/trial-pipeline.ts'
import type { TrialProcess } from './trial/trial-process.ts'
import { withStore } from './with-store.ts'

const oneByOne: Workload = { concurrency: 1, syncTurns: 0, resultLength: 10 }
const overlapping: Workload = { concurrency: 4, syncTurns: 2, resultLength: 10 }
const crowded: Workload = { concurrency: 16, syncTurns: 1, resultLength: 50_000, runId: 'night-1' }
const workloads = { oneByOne, overlapping, crowded }

/** Does the whole work on a disk that works. */
async function finished(workload: Workload): Promise<{ readonly trial: Trial; readonly process: TrialProcess }> {
  const trial = new Trial(workload)
  const process = trial.start()
  const store = await process.open()
  await process.work(store, 0)
  await store.close()
  return { trial, process }
}

/** One operation fails: the call is rejected, made again, and all comes out as if nothing had been. */
async function failOnce(trial: Trial, plan: FaultPlan): Promise<void> {
  const process = trial.start(plan)
  const store = await process.attempt('open', 1, () => process.open())
  assert.ok(store)
  await process.work(store, 1)
  // Unless the fault is to hit the close.
  if (process.files.failed.length > 0) await process.check(store)
  await process.attempt('close', 0, () => store.close())
  await trial.verify()
  trial.checkSyncs('anybody')
  await trial.checkLeftovers()
}

/** The disk fails from one operation on, until it is mended: the same process goes on, or another, or a machine whose power was cut. */
async function failForGood(broken: Trial, plan: FaultPlan, then: 'same process' | 'next process' | 'power cut'): Promise<void> {
  const process = broken.start(plan)
  const store = await process.attempt('open', 0, () => process.open())
  if (store !== undefined) await process.work(store, 0)
  const trial = then === 'power cut' ? broken.crash('only-synced') : broken
  if (then === 'same process') process.heal()
  else if (store !== undefined) await process.attempt('close', 0, () => store.close())
  const next = then === 'same process' ? process : trial.start()
  const again = (then === 'same process' ? store : undefined) ?? (await next.open())
  await next.work(again, 0)
  await next.check(again)
  if (next === process) await next.attempt('close', 0, () => again.close())
  else await again.close()
  await trial.verify()
  broken.checkSyncs(process)
}

const afterwards = ['same process', 'next process', 'power cut'] as const

/** Carries out plans, each on a trial that `make` begins; the error names the plan. */
async function carryOut(plans: Iterable<FaultPlan>, make: () => Trial): Promise<void> {
  let turn = 0
  for (const plan of plans) {
    const then = afterwards[turn++ % afterwards.length] ?? 'same process'
    try {
      if (plan.lasts === 'once') await failOnce(make(), plan)
      else await failForGood(make(), plan, then)
    } catch (error) {
      const how = plan.lasts === 'once' ? 'once' : `for good, then ${then}`
      const message = error instanceof Error ? error.message : String(error)
      throw new Error(`${plan.code} at operation ${plan.at}, ${how}, effect ${plan.effect}, ${plan.fate}: ${message}`, {
        cause: error,
      })
    }
  }
}

for (const [name, workload] of Object.entries(workloads)) {
  test(`R4 an error at any file operation (${name}) is told by its code, and the same run comes to the same end once it is over`, async () => {
    const { process } = await finished(workload)
    await carryOut(faultPlans(process.kinds, 0.1, 1), () => new Trial(workload))
  })
}

test('R4 an error at any file operation of a second attempt loses nothing of the first', async () => {
  const { trial: first } = await finished(overlapping)
  for (const part of process.env['WAYMARK_EVERY_FAULT'] === '1' ? [1, 2, 3, 4, 5, 6] : [1, 4, 6]) {
    const after = Math.floor((first.disk.lastOperation * (part + 3)) / 10)
    const begin = () => first.crash(part % 2 === 0 ? 'only-synced' : 'everything', after)
    const second = begin().start()
    const store = await second.open()
    await second.work(store, 0)
    await store.close()
    await carryOut(faultPlans(second.kinds, 0.15, part), begin)
  }
})

test('R4 an error while somebody looks is told by its code, is not taken for damage, and changes nothing', async () => {
  const { trial } = await finished(oneByOne)
  const begin = () => trial.crash('everything')
  const looking = begin().start()
  const looked = await looking.open()
  await looking.look(looked)
  await looked.close()
  for (const plan of faultPlans(looking.kinds, 1, 1)) {
    const copy = begin()
    const process = copy.start(plan)
    const store = await process.attempt('open', 0, () => process.open())
    if (store === undefined) continue
    await process.look(store)
    process.heal()
    await process.check(store)
    await store.close()
  }
})

test('a batch that the catalog could not take is there when the next one is', async () => {
  let failing = true
  const openCatalog = async (path: string): Promise<Catalog> => {
    const catalog = await openSqliteCatalog(path)
    const apply: Catalog['apply'] = async (...change) => {
      if (failing) throw new WaymarkError('unavailable', { message: 'busy', means: 'Nothing.', remedy: 'Again.' })
      return catalog.apply(...change)
    }
    return new Proxy(catalog, {
      get(target, name) {
        if (name === 'apply') return apply
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  await withStore(
    async store => {
      const first = await store.save({ value: 'first' })
      await assert.rejects(coreOf(store).feed.flush(), { code: 'unavailable' })
      failing = false
      const second = await store.save({ value: 'second' })
      await coreOf(store).feed.flush()
      assert.deepEqual(
        (await store.list()).map(({ id }) => id),
        [second.id, first.id],
      )
      assert.equal((await store.load(first.id)).value, 'first')
    },
    { components: { openCatalog } },
  )
})

/** A store in which one sync of the log failed, once; the disk kept the bytes in its cache, or not. */
async function refusedSave(fate: FaultPlan['fate'], id: string): Promise<Store> {
  const isSegment = (path: string) => path.endsWith('.seg')
  let syncs = 0
  const disk = new SimulatedDisk()
  const random = { ...seededRandom(1), pick: <T>(list: readonly T[]) => list.find(value => value === fate) ?? assert.fail() }
  // The first makes the segment durable, the second its first batch.
  const when = ({ kind, path }: CountedOperation) => kind === 'sync' && isSegment(path) && ++syncs === 3
  const files = faultyFiles(disk.process('only'), [{ when, code: 'EIO' }], { disk, random })
  const components = { files, clock: hastyClock(), openCatalog: () => openSqliteCatalog(':memory:') }
  const store = await open({ path: '/disk/.waymark', components })
  await store.save({ value: 'before' })
  await assert.rejects(store.save({ value: 'refused', id }), { code: 'unavailable' })
  return store
}

for (const fate of ['drop', 'keep'] as const) {
  // Nobody was told that it is saved; bytes that reached the disk all the same may still be found, as after any commit whose answer is lost.
  test(`a save whose sync failed (${fate}) is there whole or not at all, and its id holds one value`, async () => {
    const store = await refusedSave(fate, 'chosen')
    const found = await store.load('chosen').catch(error => error.code)
    if (found === 'not_found') {
      assert.equal((await store.list()).length, 1)
      assert.equal((await store.save({ value: 'again', id: 'chosen' })).id, 'chosen')
      assert.equal((await store.load('chosen')).value, 'again')
    } else {
      assert.equal(fate, 'keep')
      assert.equal(found.value, 'refused')
      await assert.rejects(store.save({ value: 'again', id: 'chosen' }), { code: 'conflict' })
    }
    await store.close()
  })
}
