import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, pipeline, type Store } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'
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
