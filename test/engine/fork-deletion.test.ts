import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, open, pipeline } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'
import { withStore } from './with-store.ts'

const work = pipeline('deleted-meanwhile', async run => {
  const rows = run.stage('extract', () => [1, 2, 3])
  return run.stage('report', async () => (await rows).length)
})

test('X6 a fork whose checkpoint somebody deletes before the fork is recorded gives way, and holds nothing', t =>
  withStore(async store => {
    await work.run({}, { store, runId: 'first' })
    const [extract] = await store.list({ run: 'first', stage: 'extract' })
    const id = extract?.id ?? ''
    await using other = await open({ path: store.path })
    const { log } = coreOf(store)
    const append = log.append.bind(log)
    const once = t.mock.method(log, 'append', async (...args: Parameters<typeof append>) => {
      once.mock.restore()
      await other.delete(id)
      return append(...args)
    })
    await assert.rejects(
      store.fork('first', { runId: 'second' }),
      error => isWaymarkError(error) && error.code === 'not_found' && error.details['checkpoint'] === id,
    )
    assert.equal((await store.run('second')).state, 'cancelled')
    assert.equal((await store.run('first')).state, 'completed')
    const [report] = await store.list({ run: 'first', stage: 'report' })
    await store.delete(report?.id ?? '')
    assert.deepEqual((await store.verify({ full: true })).damaged, [])
  }))

test('X6 A5 a fork that is recorded while a cleanup, or a reset, looks for what to delete is seen before anything is deleted', t =>
  withStore(async store => {
    await using other = await open({ path: store.path })
    const core = coreOf(store)
    for (const deletes of ['cleanup', 'reset'] as const) {
      const first = `first-${deletes}`
      await work.run({}, { store, runId: first })
      // Else it would be kept as the newest of its stage.
      await work.run({}, { store })
      await core.feed.refresh()
      const query = core.feed.query.bind(core.feed)
      const { log } = core
      const append = log.append.bind(log)
      const fork = async () => void (await other.fork(first, { runId: `fork-${deletes}` }))
      let looks = 0
      const once =
        deletes === 'cleanup'
          ? t.mock.method(core.feed, 'query', async (...args: Parameters<typeof query>) => {
              // The runs, the checkpoints, and the forks were looked at by then.
              const answer = await query(...args)
              if (++looks === 3) await fork()
              return answer
            })
          : t.mock.method(log, 'append', async (...args: Parameters<typeof append>) => {
              once.mock.restore()
              await fork()
              return append(...args)
            })
      if (deletes === 'cleanup') await store.cleanUp({ olderThanDays: 0, newestRuns: 0 })
      else await store.reset(first)
      once.mock.restore()
      const kept = (await store.list({ run: first })).map(({ stage }) => stage)
      assert.ok(kept.includes('extract') && kept.includes('report'), `${deletes}: ${kept}`)
    }
  }))
