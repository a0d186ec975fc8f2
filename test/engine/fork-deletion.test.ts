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
