import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, open, pipeline } from 'waymark'
import { openSqliteCatalog, type SqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { catalogDamaged } from '../../src/catalog/sqlite-fault.ts'
import { CatalogFeed } from '../../src/engine/catalog-feed.ts'
import { coreOf } from '../../src/engine/store.ts'
import { openDescriptor } from '../../src/engine/store-descriptor.ts'
import type { Clock } from '../../src/model/clock.ts'
import { interceptedFiles } from '../../src/testing/intercepted-files.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { SimulatedDisk } from '../../src/testing/simulated-disk.ts'
import { withStore } from './with-store.ts'

const work = pipeline('beside', async run => {
  await run.stage('extract', () => [1, 2])
  throw new Error('not yet')
})

/** A clock on which every wait is over at once. */
function hurriedClock(): Clock {
  let nowMs = 0
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, callback) {
      nowMs += delayMs
      const immediate = setImmediate(callback)
      return () => clearImmediate(immediate)
    },
  }
}

test('X4 a process that opens a store while another makes it and begins to record, whatever it was about to look at, finds no damage [pitfall 18]', async () => {
  const components = { clock: hurriedClock(), random: seededRandom(1) }
  const openAt = async (pauseAt: number): Promise<boolean> => {
    const disk = new SimulatedDisk()
    await disk.process('setup').makeDirectory('/project')
    let operations = 0
    let other: string | undefined
    const files = interceptedFiles(disk.process('late'), async (_operation, perform) => {
      if (operations++ === pauseAt) {
        const quick = disk.process('quick')
        other = (await openDescriptor(quick, '/project/.waymark', true, components)).store
        await (await quick.open('/project/.waymark/segments/s.seg', 'create')).close()
      }
      return perform()
    })
    const { store } = await openDescriptor(files, '/project/.waymark', true, components)
    if (other !== undefined) assert.equal(store, other, `stopped before operation ${pauseAt}`)
    return other !== undefined
  }
  let pauseAt = 0
  while (await openAt(pauseAt)) pauseAt++
  assert.ok(pauseAt > 5, `${pauseAt} places were tried`)
})

test('X4 E3 a store whose descriptor is gone and that holds records is damaged all the same', async () => {
  const disk = new SimulatedDisk()
  const files = disk.process('p')
  const components = { clock: hurriedClock(), random: seededRandom(1) }
  await files.makeDirectory('/store')
  await openDescriptor(files, '/store', true, components)
  await (await files.open('/store/segments/s.seg', 'create')).close()
  await files.remove('/store/waymark.json')
  await assert.rejects(
    openDescriptor(files, '/store', true, components),
    error => isWaymarkError(error, 'corrupt') && /it is missing/.test(error.message),
  )
})

test('X4 of two who plan the same run at once neither finds it damaged, where the catalog fails one of them at any question [pitfall 18]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-beside-'))
  const path = join(folder, '.waymark')
  try {
    const first = await open({ path })
    await work.run({}, { store: first, runId: 'r' }).catch(() => {})
    await first.close()
    const planAt = async (failAt: number): Promise<boolean> => {
      let asked = 0
      const store = await open({
        path,
        components: {
          openCatalog: async (file, options) => {
            const catalog: SqliteCatalog = await openSqliteCatalog(file, options)
            for (const name of ['marks', 'heads', 'run', 'runs', 'stages', 'checkpoints'] as const) {
              const ask = catalog[name].bind(catalog) as (...args: readonly unknown[]) => Promise<never>
              Object.assign(catalog, {
                [name]: async (...args: readonly unknown[]) => {
                  if (asked++ === failAt) throw catalogDamaged({ path: file, identity: catalog.identity }, 'a page of it')
                  return ask(...args)
                },
              })
            }
            return catalog
          },
        },
      })
      const beside = await open({ path })
      try {
        const plans = await Promise.all(
          [store, beside].map(async one => {
            const stages: string[] = []
            await work.attempt(
              {},
              {
                store: one,
                runId: 'r',
                planOnly: true,
                onEvent: event => {
                  if (event.type === 'plan') stages.push(...event.plan.stages.map(stage => `${stage.path} ${stage.action}`))
                },
              },
            )
            return stages
          }),
        )
        assert.deepEqual(plans, [['extract reuse'], ['extract reuse']], `question ${failAt}`)
      } finally {
        await store.close()
        await beside.close()
      }
      return asked > failAt
    }
    let failAt = 0
    while (await planAt(failAt)) failAt++
    assert.ok(failAt > 5, `${failAt} questions were asked`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('X4 while a catalog is being replaced it witnesses nothing, and nothing fails for it', () =>
  withStore(async store => {
    const { log, clock } = coreOf(store)
    const damaged = await openSqliteCatalog(':memory:')
    const closed = Promise.withResolvers<void>()
    const mayOpen = Promise.withResolvers<void>()
    const feed = new CatalogFeed(log, damaged, clock, async catalog => {
      await catalog.close()
      closed.resolve()
      await mayOpen.promise
      return openSqliteCatalog(':memory:')
    })
    let asked = 0
    const summary = feed.query(catalog => {
      if (++asked === 1) throw catalogDamaged({ path: 'catalog.sqlite' }, 'a page of it')
      return catalog.summary()
    })
    await closed.promise
    assert.equal(await feed.witness('s'), 0)
    mayOpen.resolve()
    assert.equal((await summary).runs, 0)
    assert.equal(await feed.witness('s'), 0)
    await feed.close()
  }))
