import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { applyRecord } from '../../src/model/apply-record.ts'
import type { CheckpointRecord } from '../../src/model/checkpoint.ts'
import { keepsPosition } from '../../src/model/keeps-position.ts'
import type { RunRecord } from '../../src/model/records.ts'
import type { RunView, StageView } from '../../src/model/run-view.ts'

const checkpoint: CheckpointRecord = {
  id: 'c',
  type: 'stage',
  createdAt: 1,
  order: 1,
  tags: [],
  metadata: {},
  digest: 'sha256:0',
  encoding: 'cbor',
  logicalBytes: 1,
  storedBytes: 1,
  content: { kind: 'inline', bytes: Uint8Array.of(1) },
}
const counts = { done: 1, skipped: 0, setAside: 0, retries: 0 }

const apply = (view: { run?: RunView; stage?: StageView }, record: RunRecord, segment: string) =>
  applyRecord('r', { run: view.run, stage: view.stage }, record, { segment, offset: 100, length: 10 })

test('X4 of the records that views say the place of, each is known to be one, and no other', () => {
  const time = 1
  const path = 'items'
  const created: RunRecord = { type: 'run.created', time, pipeline: 'p', params: {}, paramsDigest: 'd' }
  const started: RunRecord = { type: 'stage.started', time, path, kind: 'each', order: 1 }
  const { run } = apply({}, created, 's1')
  assert.ok(run)
  const { stage } = apply({ run }, started, 's1')
  assert.ok(stage)
  const records: readonly RunRecord[] = [
    created,
    started,
    { type: 'attempt.ended', time, attempt: 1, state: 'failed' },
    { type: 'attempt.ended', time, attempt: 1, state: 'completed', result: checkpoint },
    { type: 'stage.done', time, path, durationMs: 1 },
    { type: 'stage.done', time, path, durationMs: 1, checkpoint },
    { type: 'stage.failed', time, path, durationMs: 1, error: { name: 'Error', message: 'no' } },
    { type: 'stage.progress', time, path, counts },
    {
      type: 'stage.progress',
      time,
      path,
      counts,
      keyDigests: new Uint8Array(11),
      resultBytes: new Uint8Array(3),
      resultsFrom: 0,
    },
    { type: 'stage.progress', time, path, counts, resultsIn: checkpoint, resultIndexes: [0] },
    { type: 'items.requeued', time, path, keys: ['a'] },
    { type: 'stage.reset', time, path },
    { type: 'stage.noted', time, path, currentStep: 'here' },
    { type: 'output.started', time, path, output: { kind: 'callback', path: 'o', count: 0 } },
    { type: 'checkpoint.saved', time, checkpoint },
    { type: 'checkpoint.deleted', time, id: 'c' },
    { type: 'checkpoint.changed', time, id: 'c', changes: { tags: ['t'] } },
  ]
  for (const record of records) {
    const shows: boolean = !isDeepStrictEqual(apply({ run, stage }, record, 's1'), apply({ run, stage }, record, 's2'))
    assert.equal(keepsPosition(record), shows, `${record.type} with ${Object.keys(record)}`)
  }
})
