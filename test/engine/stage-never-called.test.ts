import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, pipeline } from 'waymark'
import { withStore } from './with-store.ts'

const undeclared = () => {
  const calls: string[] = []
  const work = pipeline('undeclared', async run => {
    await run.stage('extract', () => calls.push('extract'))
    for (const region of ['eu', 'us']) await run.stage('totals', () => calls.push(region), { key: region })
    await run.stage('outer', ctx => ctx.stage('inner', () => calls.push('inner')))
    return run.stage('report', () => calls.push('report'))
  })
  return { work, calls }
}

const isRefused = (message: RegExp, remedy: RegExp) => (error: unknown) => {
  assert.ok(isWaymarkError(error, 'invalid'), String(error))
  assert.match(error.message, message)
  assert.match(error.remedy, remedy)
  return true
}

test('E10 a stage to stop after that the pipeline never came to is refused at its end, with those it came to; all else is kept', () =>
  withStore(async store => {
    const { work, calls } = undeclared()
    await assert.rejects(
      work.run({}, { store, until: 'reprot' }),
      isRefused(/no stage "reprot" was reached.*extract, totals, outer, report/, /Did you mean --until report\?/),
    )
    assert.equal(calls.length, 5)
    const [run] = await store.runs()
    assert.equal(run?.state, 'failed')
    // Nothing is called again: the name was wrong, not the work.
    await work.run({}, { store })
    assert.equal(calls.length, 5)
  }))

test('E10 a stage inside another is none to stop after', () =>
  withStore(async store => {
    const { work } = undeclared()
    await assert.rejects(work.run({}, { store, until: 'inner' }), isRefused(/no stage "inner" was reached/, /Name one of these/))
  }))

test('E10 the only stage to call that the pipeline never came to is refused, and nothing was called', () =>
  withStore(async store => {
    const { work, calls } = undeclared()
    await assert.rejects(
      work.run({}, { store, only: ['extrct'] }),
      isRefused(/no stage "extrct" was reached.*it came to are extract/, /Did you mean --only extract\?/),
    )
    assert.deepEqual(calls, [])
  }))

test('E10 of a name that is reached, also with the key of a loop, the run is paused as before', () =>
  withStore(async store => {
    for (const options of [{ until: 'totals[us]' }, { until: 'totals' }, { only: ['extract'] }, { until: 'extract' }]) {
      const { work } = undeclared()
      await assert.rejects(work.run({}, { store, fresh: true, ...options }), { code: 'cancelled' }, JSON.stringify(options))
    }
    const { work } = undeclared()
    await work.run({}, { store, fresh: true, until: 'report' })
  }))

test('E10 an error of the pipeline’s own comes before a name that was not reached', () =>
  withStore(async store => {
    const failing = pipeline('failing', run => run.stage('extract', () => Promise.reject(new Error('no network'))))
    await assert.rejects(failing.run({}, { store, until: 'zz' }), { code: 'failed', message: /no network/ })
  }))

test('E10 only together with from or until is refused before anything is called', () =>
  withStore(async store => {
    const { work, calls } = undeclared()
    for (const [options, says] of [
      [{ only: ['report'], until: 'totals' }, /--only and --until contradict/],
      [{ only: ['report'], from: 'totals' }, /--only and --from contradict/],
    ] as const)
      await assert.rejects(work.run({}, { store, ...options }), isRefused(says, /Use/))
    assert.deepEqual(calls, [])
    assert.deepEqual((await store.runs()).filter(run => run.state !== 'initialized').length, 0)
  }))
