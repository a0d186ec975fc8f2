import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, pipeline, type RunEvent } from 'waymark'
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

test('E10 a run that was to stop after a stage it never came to is completed, and says which it came to; no failed run is left', () =>
  withStore(async store => {
    const { work, calls } = undeclared()
    const events: RunEvent[] = []
    const { state, value, unreached } = await work.run({}, { store, until: 'reprot', onEvent: event => events.push(event) })
    assert.deepEqual([state, value, calls.length], ['completed', 5, 5])
    const seen = ['extract', 'totals', 'outer', 'report']
    assert.deepEqual(unreached, { option: 'until', name: 'reprot', seen, near: 'report' })
    const ended = events.find(event => event.type === 'run.ended')
    assert.deepEqual([ended?.state, ended?.unreached], ['completed', unreached])
    assert.deepEqual(
      (await store.runs()).map(run => run.state),
      ['completed'],
    )
    assert.deepEqual(await store.list({ where: { type: 'error' } }), [])
    // By now all names are known: the next time it is refused before anything is called.
    await assert.rejects(
      work.run({}, { store, until: 'reprot' }),
      isRefused(/there is no stage "reprot"/, /Did you mean --until report\?/),
    )
    assert.equal(calls.length, 5)
  }))

test('E10 a stage inside another is none to stop after', () =>
  withStore(async store => {
    const { work } = undeclared()
    const { unreached } = await work.run({}, { store, until: 'inner' })
    assert.equal(unreached?.name, 'inner')
    assert.equal(unreached?.near, undefined)
  }))

test('E10 a stage that a run which failed before has not come to yet can be stopped after; a name like one of those it came to is doubted in the plan', () =>
  withStore(async store => {
    let isDown = true
    const work = pipeline('load', async run => {
      await run.stage('load1', () => {
        if (isDown) throw new Error('no network')
      })
      await run.stage('load2', () => 2)
      await run.stage('report', () => 3)
    })
    const events: RunEvent[] = []
    const options = { store, until: 'load2', onEvent: (event: RunEvent) => events.push(event) }
    await assert.rejects(work.run({}, options), { code: 'failed' })
    isDown = false
    // The same command once more.
    await assert.rejects(work.run({}, options), {
      code: 'cancelled',
      message: /stopped before report, as asked with --until load2/,
    })
    const notices = events.flatMap(event => (event.type === 'plan' ? [event.plan.notices] : []))
    assert.deepEqual(notices, [[], ['no stage "load2" is known so far; did you mean --until load1?']])
    // Declared stages are all there are.
    const declared = pipeline('declared', run => run.stage('load1', () => 1), { stages: ['load1'] })
    await assert.rejects(declared.run({}, { store, until: 'load2' }), { code: 'invalid' })
    assert.equal((await store.runs({ pipeline: 'declared' })).length, 0)
  }))

test('E10 the only stage to call that the pipeline never came to is refused, and nothing was called; the run is paused', () =>
  withStore(async store => {
    const { work, calls } = undeclared()
    await assert.rejects(
      work.run({}, { store, only: ['extrct'] }),
      isRefused(/no stage "extrct" was reached.*it came to are extract/, /Did you mean --only extract\?/),
    )
    assert.deepEqual(calls, [])
    const [run] = await store.runs()
    assert.equal(run?.state, 'paused')
    assert.deepEqual(await store.list({ where: { type: 'error' } }), [])
    await work.run({}, { store })
    assert.equal(calls.length, 5)
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
