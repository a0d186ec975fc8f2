import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, type Plan, pipeline, type RunOptions } from 'waymark'
import { fourStages, range } from './four-stages.ts'
import { withStore } from './with-store.ts'

async function planOf(
  work: ReturnType<typeof fourStages>['work'],
  options: RunOptions & { readonly planOnly?: boolean },
): Promise<Plan> {
  const plans: Plan[] = []
  await work.attempt({}, { ...options, planOnly: true, onEvent: event => event.type === 'plan' && plans.push(event.plan) })
  const [plan] = plans
  assert.ok(plan !== undefined)
  return plan
}

const actions = ({ stages }: Plan): string => stages.map(({ path, action }) => `${action} ${path}`).join(', ')

test('X1 the plan says what is reused, gone on with and run, and its counts add up to the total', () =>
  withStore(async (store, folder) => {
    const { work, state } = fourStages(folder)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    const plan = await planOf(work, { store })
    assert.equal(actions(plan), 'reuse extract, continue enrich, run load, run report')
    assert.deepEqual(plan.items, { total: 20, reuse: 12, redo: 0, run: 8 })
    const enrich = plan.stages[1]
    assert.deepEqual([enrich?.recorded, enrich?.run, enrich?.total], [12, 8, 20])
    assert.ok(plan.keptMs !== undefined && plan.keptMs >= 0)
    const redo = await planOf(work, { store, redo: ['enrich'] })
    assert.deepEqual(redo.items, { total: 20, reuse: 0, redo: 12, run: 8 })
    assert.equal(redo.stages[1]?.reason, 'asked for with --redo')
  }))

test('X1 --from redoes a stage and all after it, in the order the pipeline declares', () =>
  withStore(async (store, folder) => {
    const { work, state, take } = fourStages(folder)
    state.failing = false
    const { run } = await work.run({}, { store })
    take()
    const plan = await planOf(work, { store, runId: run, from: 'load' })
    assert.equal(actions(plan), 'reuse extract, reuse enrich, redo load, redo report')
    assert.equal(plan.recovery?.type, 'normal')
    await work.run({}, { store, runId: run, from: 'load' })
    assert.deepEqual(take(), ['load', 'report'])
  }))

test('X1 --until stops before what comes after, paused, and the next attempt goes on', () =>
  withStore(async (store, folder) => {
    const { work, state, take } = fourStages(folder)
    state.failing = false
    const plan = await planOf(work, { store, until: 'enrich' })
    assert.equal(actions(plan), 'run extract, run enrich, later load, later report')
    await assert.rejects(work.run({}, { store, until: 'enrich' }), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'cancelled'))
      assert.match(error.message, /stopped before load, as asked with --until enrich/)
      assert.equal(error.details['held'], '--until enrich')
      return true
    })
    assert.equal(take().length, 21)
    const [run] = await store.runs()
    assert.equal(run?.state, 'paused')
    await work.run({}, { store })
    assert.deepEqual(take(), ['load', 'report'])
    const [after] = await store.runs()
    assert.equal(after?.recovery?.type, 'normal')
  }))

test('X1 --only calls nothing else: what is recorded is reused, what is not stops the run', () =>
  withStore(async (store, folder) => {
    const { work, state, take } = fourStages(folder)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    take()
    assert.equal(
      actions(await planOf(work, { store, only: ['enrich'] })),
      'reuse extract, continue enrich, later load, later report',
    )
    await assert.rejects(work.run({}, { store, only: ['enrich'] }), { code: 'cancelled' })
    assert.deepEqual(
      take(),
      range(20)
        .slice(12)
        .map(n => `enrich ${n}`),
    )
    await assert.rejects(work.run({}, { store, only: ['report'] }), {
      message: /stopped before load, as asked with --only report/,
    })
    assert.deepEqual(take(), [])
  }))

test('a pipeline that catches what holds it back does not count as completed', () =>
  withStore(async store => {
    const work = pipeline('catches', async run => {
      await run.stage('a', () => 1)
      try {
        await run.stage('b', () => 2)
      } catch {
        return 'went on'
      }
      return 'done'
    })
    await assert.rejects(work.run({}, { store, until: 'a' }), { code: 'cancelled' })
    assert.equal((await work.run({}, { store })).value, 'done')
  }))

test('X1 a stage that there is not is refused with the one that is meant, for every option that names one', () =>
  withStore(async (store, folder) => {
    const { work, take } = fourStages(folder)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    take()
    for (const [options, remedy] of [
      [{ redo: ['enrch'] }, '--redo enrich'],
      [{ from: 'extrct' }, '--from extract'],
      [{ only: ['repotr'] }, '--only report'],
      [{ until: 'laod' }, '--until load'],
    ] as const) {
      await assert.rejects(work.run({}, { store, ...options }), { code: 'invalid', remedy: `Did you mean ${remedy}?` })
    }
    assert.deepEqual(take(), [])
  }))

test('the plan is kept with its attempt', () =>
  withStore(async (store, folder) => {
    const { work, state } = fourStages(folder)
    await assert.rejects(work.run({}, { store }), { code: 'failed' })
    state.failing = false
    const { run } = await work.run({}, { store })
    const plans: Plan[] = []
    for await (const event of store.events(run)) if (event.type === 'attempt.started') plans.push(event.plan)
    assert.deepEqual(
      plans.map(plan => [plan.attempt, plan.recovery?.type, plan.items?.reuse]),
      [
        [1, 'fresh', undefined],
        [2, 'resume', 12],
      ],
    )
  }))
