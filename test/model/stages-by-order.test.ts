import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import { RecordedStage } from '../../src/model/recorded-stage.ts'
import type { RunRecord } from '../../src/model/records.ts'
import { isInside } from '../../src/model/scope.ts'
import { StagesByOrder } from '../../src/model/stages-by-order.ts'

const position = { segment: 's', offset: 0, length: 0 }
const stageOf = (path: string, order: number): RecordedStage =>
  new RecordedStage({ type: 'stage.started', time: 1, path, kind: 'stage', order }, 1)

const paths = ['a', 'b', 'a/x', 'a/y', 'a[k]/x', 'c', 'b/z'] as const
const anyStep = fc.record({
  path: fc.constantFrom(...paths),
  order: fc.integer({ min: 1, max: 12 }),
  takes: fc.boolean(),
})

test('E10 what is taken out are the stages of a greater order that do not lie inside, whatever was added and taken before', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 40 }), steps => {
      // Orders are given once: a path keeps that of its first call.
      const orders = new Map<string, number>()
      const byOrder = new StagesByOrder([])
      const there = new Map<string, RecordedStage>()
      for (const { path, order, takes } of steps) {
        if (!orders.has(path) && [...orders.values()].includes(order)) continue
        const stage = stageOf(path, orders.get(path) ?? order)
        orders.set(path, stage.order)
        if (!takes) {
          byOrder.add(stage)
          there.set(path, stage)
          continue
        }
        const expected = [...there.values()].filter(one => one.order > stage.order && !isInside(one.path, path))
        for (const one of expected) there.delete(one.path)
        assert.deepEqual(
          byOrder.takeAfter(stage),
          expected.sort((a, b) => a.order - b.order),
        )
      }
    }),
  )
})

const stageCount = 2_000

/** A run whose stages count how often their place is looked at. */
function countedRun() {
  const run = new RecordedRun()
  let looks = 0
  const seen = new WeakSet<RecordedStage>()
  const apply = (...records: Parameters<RecordedRun['apply']>[0][]): void => {
    for (const record of records) {
      run.apply(record, position)
      const stage = 'path' in record ? run.stages.get(record.path) : undefined
      if (stage === undefined || seen.has(stage)) continue
      seen.add(stage)
      const { order } = stage
      Object.defineProperty(stage, 'order', {
        get: () => {
          looks++
          return order
        },
      })
    }
  }
  return { run, apply, looks: () => looks }
}

const attemptStarted = (attempt: number): RunRecord => ({
  type: 'attempt.started',
  time: 1,
  attempt,
  owner: { process: 'p', host: 'h', pid: 1 },
  plan: { run: 'r', pipeline: 'p', kind: 'resume', attempt, reason: '', stages: [], notices: [] },
  earlierOwnersDead: true,
  node: '24',
})

test('E10 redoing thousands of stages, each with another result, looks at each a few times, and every reason is kept', () => {
  const { run, apply, looks } = countedRun()
  const work = (order: number, redo: string | undefined) => {
    const path = `stage-${order}`
    apply(
      { type: 'stage.started', time: 1, path, kind: 'stage', order, ...(redo === undefined ? {} : { redo }) },
      { type: 'stage.done', time: 1, path, durationMs: 1 },
    )
  }
  for (let order = 1; order <= stageCount; order++) work(order, undefined)
  for (const [index, reason] of ['asked', 'asked again'].entries()) {
    apply(attemptStarted(index + 2))
    for (let order = 1; order <= stageCount; order++) {
      // Of the first on, each is outdated by the one before it until it is redone itself.
      if (order > 1) assert.match(run.stages.get(`stage-${order}`)?.outdated ?? '', /was redone and its result changed/)
      work(order, reason)
    }
  }
  assert.ok(looks() < 100 * stageCount, `${looks()} looks`)
})

test('E10 calling an item again in each of thousands of passes looks at each a few times, and marks all that come after', () => {
  const { run, apply, looks } = countedRun()
  const counts = { total: 1, done: 0, skipped: 0, setAside: 1, retries: 0 }
  for (let order = 1; order <= stageCount; order++) {
    const path = `pass-${order}`
    apply(
      { type: 'stage.started', time: 1, path, kind: 'each', order },
      { type: 'stage.done', time: 1, path, durationMs: 1, counts },
    )
  }
  for (let order = 1; order <= stageCount; order++) {
    const path = `pass-${order}`
    apply(
      { type: 'items.requeued', time: 1, path, ranges: [[0, 0]] },
      { type: 'stage.done', time: 1, path, durationMs: 1, counts },
    )
  }
  assert.equal(run.stages.get('pass-1')?.inputChanged, undefined)
  assert.equal(run.stages.get('pass-2')?.inputChanged, '1 item of pass-1 was called again')
  assert.equal(run.stages.get(`pass-${stageCount}`)?.inputChanged, '1 item of pass-1 was called again')
  assert.ok(looks() < 100 * stageCount, `${looks()} looks`)
  // A second time more of them: what is said is what is so now.
  apply(
    { type: 'items.requeued', time: 1, path: 'pass-1', ranges: [[0, 2]] },
    { type: 'stage.done', time: 1, path: 'pass-1', durationMs: 1, counts },
  )
  assert.equal(run.stages.get(`pass-${stageCount}`)?.inputChanged, '3 items of pass-1 were called again')
})
