import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isWaymarkError, jsonl, type Plan, pipeline, type RunEvent, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

const rejectsWith = (promise: Promise<unknown>, code: string, message?: RegExp): Promise<void> =>
  assert.rejects(
    promise,
    error => isWaymarkError(error) && error.code === code && (message === undefined || message.test(error.message)),
  )

interface Shape {
  readonly byKey?: boolean
  readonly output?: (run: string) => string
}

/** Extract, twenty items, report; every call is noted, and an item fails while `failsAt` says so. */
function orders({ byKey = false, output }: Shape = {}) {
  const calls: string[] = []
  const world = { failsAt: -1, tolerates: false }
  const work = pipeline(
    'orders',
    async (run, params) => {
      const rows = run.stage('extract', () => {
        calls.push('extract')
        return range(20)
      })
      const done = await run.each(
        'enrich',
        rows,
        n => {
          if (n === world.failsAt) throw new Error(`no answer for ${n}`)
          calls.push(`item ${n}`)
          return n * 10
        },
        {
          save: { items: 1 },
          ...(byKey ? { key: (n: number) => `o-${n}` } : {}),
          ...(world.tolerates ? { tolerate: { count: 5 } } : {}),
          ...(output === undefined ? {} : { output: jsonl<number>(output(run.id)) }),
        },
      )
      const sum = (await done.results().toArray()).reduce((all, one) => all + one, 0)
      return run.stage('report', () => {
        calls.push('report')
        return { sum, top: params['top'] ?? 'none' }
      })
    },
    { stages: ['extract', 'enrich', 'report'] },
  )
  return { work, world, take: () => calls.splice(0) }
}

/** What the records of a run are, to see that nothing touched them. */
async function recordsOf(store: Store, run: string): Promise<string> {
  const records: unknown[] = []
  for await (const record of store.events(run)) records.push(record)
  return JSON.stringify(records, (_, value) => (typeof value === 'bigint' ? String(value) : value))
}

for (const byKey of [false, true]) {
  test(`X6 a fork in the middle of a pass goes on with the items recorded up to then: ${byKey ? 'by key' : 'by index'}`, async () => {
    await withStore(async store => {
      const { work, world, take } = orders({ byKey })
      world.failsAt = 12
      await rejectsWith(work.run({}, { store, runId: 'first' }), 'failed')
      const finished = take().filter(call => call.startsWith('item'))
      const before = await recordsOf(store, 'first')

      const fork = await store.fork('first/enrich', { runId: 'second' })
      assert.deepEqual(
        [fork.forkedFrom.run, fork.forkedFrom.stage, fork.stages, fork.items],
        ['first', 'enrich', 1, finished.length],
      )
      world.failsAt = -1
      let plan: Plan | undefined
      const onEvent = (event: RunEvent) => {
        if (event.type === 'plan') plan = event.plan
      }
      const second = await work.run({}, { store, runId: 'second', onEvent })
      assert.deepEqual(second.value, { sum: 1900, top: 'none' })
      const called = take()
      assert.ok(!called.includes('extract'))
      assert.deepEqual(
        called.filter(call => finished.includes(call)),
        [],
      )
      assert.equal(called.length, 20 - finished.length + 1)
      assert.deepEqual([plan?.attempt, plan?.recovery?.type, (await store.run('second')).attempt], [1, 'normal', 1])
      assert.equal(plan?.stages[0]?.reason, 'reused from first')
      assert.equal(plan?.stages[1]?.reason, 'recorded items are reused from first')
      assert.equal(plan?.reason, 'run second was forked from first at enrich')
      assert.deepEqual(second.proof?.items, { reused: finished.length, new: 20 - finished.length, total: 20 })

      assert.equal(await recordsOf(store, 'first'), before)
      const first = await work.run({}, { store })
      assert.equal(first.run, 'first')
      assert.deepEqual(take().sort(), called.sort())
    })
  })
}

test('X6 everything that was recorded after the place does not count in the fork', async () => {
  await withStore(async store => {
    const { work, take } = orders()
    const first = await work.run({}, { store })
    take()
    const { run } = await store.fork(`${first.run}/extract`)
    assert.deepEqual(
      (await store.stages(run)).map(({ path, inheritedFrom }) => [path, inheritedFrom]),
      [['extract', first.run]],
    )
    await work.run({}, { store, runId: run })
    assert.equal(take().length, 21)

    const { run: atEnd } = await store.fork(`${first.run}/enrich`)
    await work.run({}, { store, runId: atEnd })
    assert.deepEqual(take(), ['report'])
  })
})

test('E10 a new run starts at any stage of an older run, with other parameters, and the plan says so', async () => {
  await withStore(async store => {
    const { work, take } = orders()
    const first = await work.run({ top: '5' }, { store })
    take()
    const { run, params, forkedFrom } = await store.fork(first.run, { before: 'report', params: { top: '20' } })
    assert.deepEqual(params, { top: '20' })
    assert.deepEqual([forkedFrom.before, forkedFrom.stage, forkedFrom.changedParams], [true, 'report', ['top']])
    const plans: Plan[] = []
    const onEvent = (event: RunEvent) => {
      if (event.type === 'plan') plans.push(event.plan)
    }
    const second = await work.run({ top: '20' }, { store, runId: run, onEvent })
    assert.deepEqual([take(), second.value], [['report'], { sum: 1900, top: '20' }])
    assert.deepEqual(plans[0]?.notices, [
      `changed since ${first.run}: top; what is reused was made with what ${first.run} was given`,
    ])
    assert.deepEqual((await work.run({ top: '5' }, { store, runId: first.run })).value, { sum: 1900, top: '5' })
  })
})

test('X6 a checkpoint names the place: the result of a stage, and one that was saved beside them', async () => {
  await withStore(async store => {
    const { work, take } = orders()
    const saving = pipeline('saving', async run => {
      await run.stage('one', () => 1)
      await store.save({ value: { step: 1 }, run: run.id, stage: 'mine' })
      await run.stage('two', () => {
        take()
        return 2
      })
    })
    const first = await saving.run({}, { store })
    const [mine] = await store.list({ run: first.run, stage: 'mine' })
    const fork = await store.fork(mine?.id ?? '')
    assert.deepEqual([fork.stages, fork.forkedFrom.checkpoint], [1, mine?.id])
    assert.deepEqual(
      (await store.stages(fork.run)).map(({ path }) => path),
      ['one'],
    )

    const other = await work.run({}, { store })
    const [extract] = await store.list({ run: other.run, stage: 'extract' })
    assert.equal((await store.fork(extract?.id ?? '')).stages, 1)

    const loose = await store.save({ value: 1, run: 'nobody' })
    await rejectsWith(store.fork(loose.id), 'invalid', /nobody/)
  })
})

test('X6 items that were set aside are set aside in the fork, and requeued there alone', async () => {
  await withStore(async store => {
    const { work, world, take } = orders()
    world.failsAt = 7
    world.tolerates = true
    const first = await work.run({}, { store, runId: 'first' })
    assert.equal(first.setAside, 1)
    take()
    await store.fork('first', { runId: 'second' })
    world.failsAt = -1
    assert.equal((await store.setAside('second')).total, 1)
    await store.requeue('second', { all: true })
    const second = await work.run({}, { store, runId: 'second', redo: ['report'] })
    assert.deepEqual([take(), second.setAside, second.value], [['item 7', 'report'], 0, { sum: 1900, top: 'none' }])
    assert.equal((await store.setAside('first')).total, 1)
  })
})

test('X6 a fork never writes into an output of the older run: not on, not anew, unless it is told to', async () => {
  await withStore(async (store, folder) => {
    const out = join(folder, 'out.jsonl')
    const { work, world, take } = orders({ output: () => out })
    world.failsAt = 12
    await rejectsWith(work.run({}, { store, runId: 'first' }), 'failed')
    take()
    const written = readFileSync(out, 'utf8')
    world.failsAt = -1

    await store.fork('first/enrich', { runId: 'middle' })
    await rejectsWith(work.run({}, { store, runId: 'middle' }), 'conflict', /in the middle/)
    await store.fork('first/extract', { runId: 'before' })
    await rejectsWith(work.run({}, { store, runId: 'before' }), 'conflict', /would write to/)
    assert.deepEqual([take(), readFileSync(out, 'utf8')], [[], written])

    // The older run goes on where it was.
    const first = await work.run({}, { store, runId: 'first' })
    assert.deepEqual(first.value, { sum: 1900, top: 'none' })
    const whole = readFileSync(out, 'utf8')
    assert.equal(whole.trimEnd().split('\n').length, 20)

    // Its finished output can be read by a fork, and a redo is asked for by name.
    await store.fork('first/enrich', { runId: 'after' })
    take()
    await work.run({}, { store, runId: 'after' })
    assert.deepEqual([take(), readFileSync(out, 'utf8')], [['report'], whole])
    const told = await work.run({}, { store, runId: 'middle', redo: ['enrich'] })
    assert.deepEqual(told.value, { sum: 1900, top: 'none' })
    assert.equal(readFileSync(out, 'utf8').trimEnd().split('\n').length, 20)
  })
})

test('X6 with a path of its own a fork writes its own output', async () => {
  await withStore(async (store, folder) => {
    const place = (run: string) => join(folder, `${run}.jsonl`)
    const { work } = orders({ output: place })
    await work.run({}, { store, runId: 'first' })
    await store.fork('first', { runId: 'second', before: 'enrich' })
    await work.run({}, { store, runId: 'second' })
    assert.equal(readFileSync(place('second'), 'utf8'), readFileSync(place('first'), 'utf8'))
    assert.ok(existsSync(place('first')))
  })
})

test('X6 a fork of a fork keeps the chain, and each goes on by itself', async () => {
  await withStore(async store => {
    const { work, world, take } = orders()
    world.failsAt = 5
    await rejectsWith(work.run({}, { store, runId: 'a' }), 'failed')
    world.failsAt = 15
    await store.fork('a', { runId: 'b' })
    await rejectsWith(work.run({}, { store, runId: 'b' }), 'failed')
    take()
    world.failsAt = -1
    await store.fork('b', { runId: 'c' })
    // What b has from a is found through b too.
    assert.equal((await store.fork('b/extract', { runId: 'd' })).forkedFrom.run, 'a')
    assert.deepEqual((await work.run({}, { store, runId: 'c' })).value, { sum: 1900, top: 'none' })
    const calls = take()
    assert.ok(!calls.includes('extract') && !calls.includes('item 6') && calls.includes('item 15'))
    const tree = await store.lineage('b')
    assert.deepEqual(
      [tree.run, tree.forks.map(({ run }) => run), tree.forks[0]?.forks.map(({ run }) => run)],
      ['a', ['b', 'd'], ['c']],
    )
    assert.equal((await store.report('c')).attempts.length, 1)
    assert.equal((await store.report('c')).proof.items, 20)
  })
})

test('X6 what a fork stands on is kept when the older run is reset, cleaned up or deleted from', async () => {
  await withStore(async store => {
    const { work, take } = orders()
    await work.run({}, { store, runId: 'first' })
    take()
    await store.fork('first/extract', { runId: 'second' })
    const [extract] = await store.list({ run: 'first', stage: 'extract' })
    await rejectsWith(store.delete(extract?.id ?? ''), 'conflict', /forked by second/)
    const cleaned = await store.cleanUp({ olderThanDays: 0, newestRuns: 0 })
    assert.deepEqual(
      cleaned.kept.filter(({ reason }) => reason === 'forked by second').map(({ checkpoints }) => checkpoints),
      [1],
    )
    const reset = await store.reset('first')
    assert.deepEqual([reset.forked, reset.forks], [1, ['second']])
    assert.deepEqual(
      (await store.list({ run: 'first' })).map(({ id }) => id),
      [extract?.id],
    )
    await work.run({}, { store, runId: 'second' })
    assert.ok(!take().includes('extract'))
    // Given up, it holds nothing any more.
    await store.reset('second')
    await store.delete(extract?.id ?? '')
  })
})

test('X6 a fork of what was deleted, is unknown or in use is refused, and nothing is made', async () => {
  await withStore(async store => {
    const { work } = orders()
    await work.run({}, { store, runId: 'first' })
    const [extract] = await store.list({ run: 'first', stage: 'extract' })
    await rejectsWith(store.fork('first', { runId: 'first' }), 'conflict', /in use/)
    await rejectsWith(store.fork('first/reprt'), 'not_found', /reprt/)
    await rejectsWith(store.fork('first', { before: 'nothing' }), 'not_found')
    await rejectsWith(store.fork('first/extract', { before: 'report' }), 'invalid')
    await rejectsWith(store.fork('first/enrich/3'), 'invalid')
    await rejectsWith(store.fork('nobody'), 'not_found')
    await rejectsWith(store.fork('first', { runId: 'a b' }), 'invalid')
    await store.update(extract?.id ?? '', { status: 'damaged' })
    await rejectsWith(store.fork('first'), 'corrupt', /extract/)
    await store.delete(extract?.id ?? '')
    await rejectsWith(store.fork('first'), 'not_found', /extract/)
    assert.equal((await store.runs()).length, 1)
  })
})

test('X6 a fork does not come in the way of the work that goes on by itself', async () => {
  await withStore(async store => {
    const { work, world } = orders()
    world.failsAt = 3
    await rejectsWith(work.run({}, { store, runId: 'first' }), 'failed')
    await store.fork('first', { runId: 'second' })
    world.failsAt = -1
    assert.equal((await work.run({}, { store })).run, 'first')
    const fresh = await work.run({}, { store, fresh: true })
    assert.notEqual(fresh.run, 'second')
    assert.equal((await store.run('second')).state, 'initialized')
  })
})
