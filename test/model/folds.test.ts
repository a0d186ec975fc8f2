import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serialize } from 'node:v8'
import { applyRecord, stageOf } from '../../src/model/apply-record.ts'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import type { InputRecord, RunRecord, StageStarted } from '../../src/model/records.ts'
import type { RunView, StageView } from '../../src/model/run-view.ts'
import { isInside } from '../../src/model/scope.ts'

const position = { segment: 's', offset: 0, length: 1 }
const file = (digest: string): InputRecord => ({ kind: 'file', digest, from: 'in.jsonl' })
const counts = (done: number, setAside = 0) => ({ done, skipped: 0, setAside, retries: 0 })
const started = (path: string, order: number, more: Partial<StageStarted> = {}): RunRecord => ({
  type: 'stage.started',
  time: 1,
  path,
  kind: 'each',
  order,
  input: file('sha256:a'),
  ...more,
})
const progress = (path: string, from: number, to: number, setAside: readonly number[] = []): RunRecord => ({
  type: 'stage.progress',
  time: 1,
  path,
  ranges: [[from, to]],
  counts: counts(to + 1 - setAside.length, setAside.length),
  ...(setAside.length === 0
    ? {}
    : {
        setAside: setAside.map(index => ({
          index,
          payload: new Uint8Array(1_000),
          error: { name: 'Error', message: 'bad' },
          fingerprint: 'f',
          calls: 1,
          time: 1,
        })),
      }),
})
const done = (path: string, items: number): RunRecord => ({
  type: 'stage.done',
  time: 1,
  path,
  durationMs: 1,
  counts: counts(items),
})
const requeued = (path: string, index: number): RunRecord => ({
  type: 'items.requeued',
  time: 1,
  path,
  ranges: [[index, index]],
})

function folded(records: readonly RunRecord[]): RecordedRun {
  const run = new RecordedRun()
  for (const record of records) run.apply(record, position)
  return run
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

/** A pass of ten items of which one was set aside, and a stage made from it; then that item is requeued, and the next attempt begins. */
const finishedAndRequeued = [
  attemptStarted(1),
  started('e', 1),
  progress('e', 0, 9, [5]),
  done('e', 9),
  started('report', 2),
  done('report', 0),
  requeued('e', 5),
  attemptStarted(2),
]

test('a pass that is given more items after a requeue makes what comes after it outdated', () => {
  const grown = [...finishedAndRequeued, started('e', 1, { input: file('sha256:b') }), progress('e', 5, 5), progress('e', 10, 12)]
  assert.match(folded([...grown, done('e', 13)]).stages.get('report')?.outdated ?? '', /e was given more items/)
  // The attempt may end in between, and the next finds the same input.
  const later = [...grown, started('e', 1, { input: file('sha256:b') }), done('e', 13)]
  assert.match(folded(later).stages.get('report')?.outdated ?? '', /e was given more items/)
})

test('a pass whose requeued items are called from another input without more items offers what comes after it for a redo', () => {
  const run = folded([
    ...finishedAndRequeued,
    started('e', 1, { input: file('sha256:b') }),
    progress('e', 5, 5),
    done('e', 10),
    started('late', 3),
  ])
  assert.equal(run.stages.get('report')?.outdated, undefined)
  assert.equal(run.stages.get('report')?.inputChanged, '1 item of e was called again')
  assert.equal(run.stages.get('e')?.requeued, undefined)
})

test('what was set aside is remembered without the items themselves', () => {
  const item = folded([started('e', 1), progress('e', 0, 9, [5])])
    .stages.get('e')
    ?.setAside.get('5')
  assert.equal(item?.sample.error.message, 'bad')
  assert.deepEqual(item?.recordedIn, position)
  assert.equal('payload' in (item ?? {}), false)
})

/** The same records as the catalog folds them. */
function viewed(records: readonly RunRecord[]): { run: RunView | undefined; stages: Map<string, StageView> } {
  let run: RunView | undefined
  const stages = new Map<string, StageView>()
  const created: RunRecord = { type: 'run.created', time: 1, pipeline: 'p', params: {}, paramsDigest: 'd' }
  for (const record of [created, ...records]) {
    const path = stageOf(record)
    const inside = path === undefined ? [] : [...stages.values()].filter(stage => isInside(stage.path, path))
    const change = applyRecord('r', { run, stage: path === undefined ? undefined : stages.get(path), inside }, record, position)
    run = change.run ?? run
    for (const gone of change.deletedStages ?? []) stages.delete(gone)
    if (change.stage !== undefined) stages.set(change.stage.path, change.stage)
  }
  return { run, stages }
}

/** Numbers that look random, the same in every run of the test. */
function* numbers(seed: number): Generator<number> {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    yield state / 2 ** 32
  }
}

test('the catalog and an attempt make the same of any records', () => {
  const paths = ['a', 'b', 'a[1]/c', 'a[2]/c', 'a[1]/c[x]/d']
  for (let seed = 1; seed <= 300; seed++) {
    const random = numbers(seed)
    const upTo = (amount: number): number => Math.floor((random.next().value ?? 0) * amount)
    const records: RunRecord[] = []
    for (let i = 0; i < 40; i++) {
      const path = paths[upTo(paths.length)] ?? 'a'
      const order = paths.indexOf(path) + 1
      const from = upTo(20)
      const before = folded(records).stages
      const known = before.get(path)
      // What lies around it was called first.
      if (paths.some(around => isInside(path, around) && !before.has(around))) continue
      if (known === undefined || upTo(5) === 0) {
        const redo = known === undefined || upTo(2) === 0 ? {} : { redo: 'asked for' }
        records.push(started(path, order, { input: file(`sha256:${upTo(2)}`), ...redo }))
        continue
      }
      const [aside] = known.setAside.keys()
      const choices: readonly (RunRecord | undefined)[] = [
        known.state === 'running' ? progress(path, from, from + 1, upTo(2) === 0 ? [from] : []) : undefined,
        known.state === 'running'
          ? { type: 'stage.noted', time: 1, path, metadata: { [upTo(3)]: i }, currentStep: `${i}` }
          : undefined,
        known.state === 'running' ? done(path, 1) : undefined,
        known.state === 'running'
          ? { type: 'stage.failed', time: 1, path, durationMs: 1, error: { name: 'E', message: 'm' } }
          : undefined,
        aside === undefined ? undefined : requeued(path, Number(aside)),
      ]
      const record = choices[upTo(choices.length)]
      if (record !== undefined) records.push(record)
    }
    const attempt = folded(records)
    const { run, stages } = viewed(records)
    const shown = JSON.stringify(records)
    assert.deepEqual([...stages.keys()].sort(), [...attempt.stages.keys()].sort(), shown)
    for (const [path, stage] of attempt.stages) {
      const view = stages.get(path)
      assert.equal(view?.state, stage.state, `state of ${path}: ${shown}`)
      assert.deepEqual(view?.metadata ?? {}, stage.metadata, `metadata of ${path}: ${shown}`)
      assert.equal(view?.currentStep, stage.currentStep, `step of ${path}: ${shown}`)
      assert.equal(view?.requeued, stage.requeued?.size, `requeued of ${path}: ${shown}`)
    }
    const completed = [...attempt.stages.values()].filter(({ state }) => state === 'completed').length
    assert.deepEqual([run?.stagesStarted ?? 0, run?.stagesCompleted ?? 0], [attempt.stages.size, completed], shown)
  }
})

test('X5 what is remembered of items set aside does not grow with the texts of their errors', () => {
  const run = new RecordedRun()
  const position = { segment: '0', offset: 0, length: 1 }
  run.apply({ type: 'stage.started', time: 1, path: 'work', kind: 'each', order: 1 }, position)
  const counts = { done: 0, skipped: 0, setAside: 0, retries: 0 }
  const items = 5_000
  for (let index = 0; index < items; index++) {
    const error = { name: 'Error', message: `${index} ${'x'.repeat(8_000)}`, stack: 'y'.repeat(8_000) }
    // Most fail in the same way; of many ways the texts are cut.
    const fingerprint = index % 2 === 0 ? 'same' : `other ${index}`
    const setAside = [{ index, error, fingerprint, calls: 1, time: index, payload: new Uint8Array(9_000) }]
    run.apply({ type: 'stage.progress', time: 1, path: 'work', counts, ranges: [[index, index]], setAside }, position)
  }
  const stage = run.stages.get('work')
  assert.equal(stage?.setAside.size, items)
  // A thousand whole errors of 16 kB, and little of every other.
  const bytes = serialize([...(stage?.setAside.values() ?? [])]).length
  assert.ok(bytes < 1_000 * 17_000 + items * 600, `${bytes} bytes`)
  assert.match(stage?.setAside.get(String(items - 2))?.sample.error.message ?? '', new RegExp(`^${items - 2} x`))
})
