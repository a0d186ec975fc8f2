import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlannedStage } from '../../src/model/plan.ts'
import { type PassFacts, PlanCheck } from '../../src/model/plan-check.ts'
import { recoveryOf } from '../../src/model/recovery-type.ts'
import { defaultBackoff, restartPauseMs } from '../../src/model/restart-pause.ts'
import { selectStages } from '../../src/model/stage-selection.ts'

const pass: PassFacts = {
  path: 'enrich',
  before: 12,
  recordedNow: 8,
  after: 20,
  counts: { total: 20, done: 17, skipped: 2, setAside: 1, retries: 0 },
  completed: true,
  redo: undefined,
  rows: { given: 6, added: 6 },
}
const planned: PlannedStage = { path: 'enrich', action: 'continue', reason: '', recorded: 12, total: 20 }

function differences(facts: Partial<PassFacts>, stage: Partial<PlannedStage> = {}): readonly string[] {
  const check = new PlanCheck({ stages: [{ ...planned, ...stage }] })
  check.note({ kind: 'pass', ...pass, ...facts })
  return check.proof.differences
}

test('C10 a pass whose counts add up proves that nothing was lost and nothing is there twice', () => {
  assert.deepEqual(differences({}), [])
})

test('C10 each way in which counts can fail to add up is a difference that says what', () => {
  for (const [facts, expected] of [
    [{ before: 11, recordedNow: 9 }, /12 recorded items were planned to be reused, and 11 were there/],
    [
      { after: 19, counts: { ...pass.counts, done: 16 } as never, completed: false },
      /12 items recorded before and 8 now are not the 19/,
    ],
    [{ recordedNow: 9 }, /12 items recorded before and 9 now are not the 20/],
    [{ counts: { done: 18, skipped: 2, setAside: 1, retries: 0 } }, /21 items are counted, and 20 are recorded/],
    [{ counts: { total: 21, done: 17, skipped: 2, setAside: 1, retries: 0 } }, /completed with 20 of 21 items recorded/],
    [{ rows: { given: 6, added: 7 } }, /6 results were given to its output, which has 7 more/],
    [{ redo: 'its version changed' }, /was thrown away, and 12 items of it were still recorded/],
  ] as const) {
    const found = differences(facts)
    assert.equal(found.length, 1, found.join('\n'))
    assert.match(found[0] ?? '', expected)
  }
})

test('C10 a stage that was planned to be reused must be, unless something recorded says why not', () => {
  const plan = { stages: [{ path: 'load', action: 'reuse', reason: '' } as const] }
  const called = (redo: string | undefined) => {
    const check = new PlanCheck(plan)
    check.note({ kind: 'called', path: 'load', redo })
    return check.proof.differences
  }
  assert.deepEqual(called('its version changed from 1 to 2'), [])
  assert.deepEqual(called(undefined), ['load was planned to be reused, and was called'])
  const check = new PlanCheck({ stages: [{ ...planned, action: 'reuse', recorded: 20 }] })
  check.note({ kind: 'reused', path: 'enrich', items: 19 })
  assert.match(check.proof.differences[0] ?? '', /20 recorded items were planned to be reused, and 19 are there/)
})

test('C6 fresh, resume, retry and normal are told from what is recorded and who began the attempt', () => {
  const facts = { attempts: 1, ended: undefined, restart: undefined, restartsBefore: 0 }
  const restart = { restart: 2, restarts: 3, backoffMs: 1_500 }
  assert.deepEqual(recoveryOf({ ...facts, attempts: 0 }), { type: 'fresh' })
  assert.deepEqual(recoveryOf(facts), { type: 'resume' })
  for (const state of ['failed', 'paused', 'cancelled'] as const)
    assert.deepEqual(recoveryOf({ ...facts, ended: { state } }), { type: 'resume' })
  assert.deepEqual(recoveryOf({ ...facts, restart, restartsBefore: 4 }), { type: 'retry', ...restart, restartsInAll: 5 })
  assert.deepEqual(recoveryOf({ ...facts, ended: { state: 'completed' } }), { type: 'normal' })
  assert.deepEqual(recoveryOf({ ...facts, ended: { state: 'paused', held: '--until a' } }), { type: 'normal' })
  assert.deepEqual(recoveryOf({ ...facts, restartsBefore: 2 }), { type: 'resume', restartsInAll: 2 })
})

test('C6 pauses before restarts double from the first up to 30 s, and between half and all of that is waited', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 1_000].map(restart => restartPauseMs(restart, defaultBackoff, 1))
  assert.deepEqual(longest, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(restartPauseMs(3, defaultBackoff, 0), 2_000)
  assert.equal(restartPauseMs(1, { firstMs: 0, longestMs: 30_000 }, 0.5), 0)
})

test('the order of stages for --from and --until is the declared one, with undeclared ones where they were first called', () => {
  const known = { recorded: ['a', 'x', 'loop[1]', 'loop[2]', 'b'], inside: ['a/inner'], expected: ['a', 'b', 'c'], areAll: true }
  const from = selectStages({ from: 'x' }, known)
  assert.deepEqual(
    ['a', 'x', 'loop[1]', 'b', 'c'].map(path => from.redoFor(path) !== undefined),
    [false, true, true, true, true],
  )
  const until = selectStages({ until: 'loop' }, known)
  const left = (path: string, done = false) => until.leftFor(path, () => done)
  assert.deepEqual(
    [left('a'), left('x'), left('loop[7]'), left('loop[1]/inner'), left('b')],
    [undefined, undefined, undefined, undefined, '--until loop'],
  )
  // One that nobody knew of comes after what is finished.
  assert.deepEqual([left('new'), left('new', true)], [undefined, '--until loop'])
  const only = selectStages({ only: ['a', 'loop[2]'] }, known)
  const kept = (path: string) => only.leftFor(path, () => true) === undefined
  assert.deepEqual([kept('a'), kept('a[k]/inner'), kept('loop[2]'), kept('loop[1]'), kept('b')], [true, true, true, false, false])
  assert.equal(selectStages({ redo: ['a/inner'] }, known).redoFor('a/inner'), 'asked for with --redo')
  assert.throws(() => selectStages({ until: 'a/inner' }, known), { code: 'invalid' })
  assert.throws(() => selectStages({ redo: 5 as never }, known), {
    code: 'invalid',
    message: 'redo is 5, not a list of stages',
  })
  assert.throws(() => selectStages({ only: 'a' as never }, known), {
    code: 'invalid',
    message: 'only is "a", not a list of stages',
  })
  assert.throws(() => selectStages({ from: ['a'] as never }, known), { code: 'invalid' })
  assert.throws(() => selectStages({ only: [5 as never] }, known), { code: 'invalid', message: 'there is no stage 5 to keep to' })
})
