import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckpointRecord } from '../../src/model/checkpoint.ts'
import { checkpointView } from '../../src/model/checkpoint-view.ts'

const position = { segment: 's', offset: 100, length: 50 }

const sound: CheckpointRecord = {
  id: 'c1',
  run: 'r',
  stage: 's',
  type: 'state',
  createdAt: 1,
  order: 2,
  tags: ['a'],
  metadata: { lr: 1 },
  description: 'd',
  expiresAt: 3,
  encoding: 'cbor',
  digest: 'sha256:00',
  content: { kind: 'inline', bytes: new Uint8Array([1]) },
  logicalBytes: 1,
  storedBytes: 1,
}

/** As it comes out of a log that any version may have written. */
const viewWith = (labels: object) => checkpointView({ ...sound, ...labels }, position)

test('E4 a checkpoint is listed with its labels as they are, without its bytes', () => {
  assert.deepEqual(viewWith({}), { ...sound, content: { kind: 'inline' }, record: position })
})

test('E4 labels of another kind than their type, which a program could once save, are listed as what can be listed', () => {
  for (const [labels, shown] of [
    [{ run: 7 }, { run: '7' }],
    [{ stage: false }, { stage: 'false' }],
    [{ type: 5 }, { type: '5' }],
    [{ description: null }, { description: 'null' }],
    [{ tags: 'x' }, { tags: ['x'] }],
    [{ tags: ['x', 1] }, { tags: ['x', '1'] }],
    [{ metadata: null }, { metadata: { metadata: null } }],
    [{ metadata: [1] }, { metadata: { metadata: [1] } }],
    [{ metadata: 'm' }, { metadata: { metadata: 'm' } }],
  ] as const) {
    assert.deepEqual(viewWith(labels), { ...sound, ...shown, content: { kind: 'inline' }, record: position })
  }
  for (const expiresAt of [Number.NaN, Number.POSITIVE_INFINITY, '3', null]) {
    assert.equal('expiresAt' in viewWith({ expiresAt }), false, String(expiresAt))
  }
})
