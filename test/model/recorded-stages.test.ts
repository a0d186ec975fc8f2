import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordedRun } from '../../src/model/recorded-run.ts'

const position = { segment: 's1', offset: 96, length: 10 }
const counts = { done: 1, skipped: 0, setAside: 0, retries: 0 }

function runWith(paths: readonly string[]): RecordedRun {
  const run = new RecordedRun()
  for (const [i, path] of paths.entries()) {
    run.apply({ type: 'stage.started', time: i, path, kind: 'each', order: i + 1 }, position)
    run.apply({ type: 'stage.done', time: i, path, durationMs: 1, counts }, position)
  }
  return run
}

test('B2 a stage that begins for the first time takes nothing from those called in a loop under its name', () => {
  const run = runWith(['step[1]', 'step[2]'])
  run.apply({ type: 'stage.started', time: 9, path: 'step', kind: 'stage', order: 3 }, position)
  assert.deepEqual([...run.stages.keys()], ['step[1]', 'step[2]', 'step'])
})

test('B2 a stage that is redone takes with it what was done inside, and nothing else', () => {
  const run = runWith(['outer', 'outer[a]/inner', 'outer[b]/inner', 'outermost', 'other'])
  run.apply({ type: 'stage.started', time: 9, path: 'outer', kind: 'each', order: 1, redo: 'asked for' }, position)
  assert.deepEqual([...run.stages.keys()].sort(), ['other', 'outer', 'outermost'])
})
