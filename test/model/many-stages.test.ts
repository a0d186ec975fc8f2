import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makePlan } from '../../src/model/make-plan.ts'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import { selectStages } from '../../src/model/stage-selection.ts'

const stageCount = 3_000
const position = { segment: '0', offset: 0, length: 0 }
const stageNames = Array.from({ length: stageCount }, (_, n) => `stage-${n}`)

/** A list that counts how often an element of it is read. */
function counted<Element>(list: readonly Element[]): { readonly list: readonly Element[]; readonly reads: () => number } {
  let reads = 0
  const proxy = new Proxy(list, {
    get(target, property, receiver) {
      if (typeof property === 'string' && /^\d+$/.test(property)) reads++
      return Reflect.get(target, property, receiver)
    },
  })
  return { list: proxy, reads: () => reads }
}

test('E10 choosing among thousands of stages by name reads each a few times, whatever is asked for', () => {
  const recorded = counted(stageNames)
  const inside = counted(stageNames.map(name => `${name}/inner`))
  const expected = counted([...stageNames].reverse())
  const asked = counted(stageNames)
  const known = { recorded: recorded.list, inside: inside.list, expected: expected.list, areAll: true }
  for (const option of ['only', 'redo'] as const) {
    const selection = selectStages({ [option]: asked.list }, known)
    for (const name of stageNames) {
      assert.equal(
        selection.leftFor(`${name}/inner`, () => true),
        undefined,
      )
      assert.equal(selection.redoFor(name), option === 'redo' ? 'asked for with --redo' : undefined)
    }
    const other = selection.leftFor('other', () => true)
    assert.equal(other?.startsWith('--only stage-0 --only stage-1 '), option === 'only' ? true : undefined)
  }
  for (const { reads } of [recorded, inside, expected, asked]) assert.ok(reads() < 20 * stageCount, `${reads()} reads`)
})

test('E10 stages that were recorded keep their place among those that are expected', () => {
  const isAfter = (path: string) =>
    selectStages(
      { until: 'c' },
      { recorded: ['x', 'a', 'y', 'y2', 'c', 'z', 'a'], inside: [], expected: ['a', 'b', 'c', 'd'], areAll: true },
    ).leftFor(path, () => false) !== undefined
  assert.deepEqual(['x', 'a', 'y', 'y2', 'b', 'c', 'z', 'd'].map(isAfter), [false, false, false, false, false, false, true, true])
})

test('X1 a plan of thousands of stages goes over them a few times, and knows of each whether it is finished', () => {
  const run = new RecordedRun()
  for (const [n, path] of stageNames.entries()) {
    run.apply({ type: 'stage.started', time: 1, path, kind: 'stage', order: n + 1 }, position)
    if (n % 2 === 0) run.apply({ type: 'stage.done', time: 1, path, durationMs: 1 }, position)
  }
  run.apply({ type: 'stage.started', time: 1, path: 'loop[7]', kind: 'stage', order: stageCount + 1 }, position)
  run.apply({ type: 'stage.done', time: 1, path: 'loop[7]', durationMs: 1 }, position)
  let visits = 0
  const values = run.stages.values.bind(run.stages)
  Object.defineProperty(run.stages, 'values', {
    *value() {
      for (const stage of values()) {
        visits++
        yield stage
      }
    },
  })
  const selection = selectStages(
    { until: 'unknown' },
    { recorded: [...stageNames, 'unknown'], inside: [], expected: [], areAll: false },
  )
  const facts = { run: 'r', pipeline: 'p', reason: '', declared: [], lastFinished: [], notices: [] }
  const plan = makePlan({ ...facts, recorded: run, selection })
  assert.equal(plan.stages.filter(({ action }) => action === 'reuse').length, stageCount / 2 + 1)
  for (const [n, name] of stageNames.entries()) assert.equal(run.hasCompleted(name), n % 2 === 0)
  assert.ok(run.hasCompleted('loop') && run.hasCompleted('loop[7]') && !run.hasCompleted('loop[8]'))
  assert.ok(visits < 10 * stageCount, `${visits} visits`)
})
