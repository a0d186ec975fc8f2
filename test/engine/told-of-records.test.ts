import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { Redaction } from '../../src/engine/redaction.ts'
import { RunLog } from '../../src/engine/run-log.ts'
import { StoreListeners } from '../../src/engine/store-listeners.ts'
import type { CommittedBatch, SegmentRecord } from '../../src/log/log.ts'
import { systemClock } from '../../src/model/clock.ts'
import type { RunRecord } from '../../src/model/records.ts'

const ended: RunRecord = { type: 'attempt.ended', time: 1, attempt: 1, state: 'completed' }
const unknown = new TextEncoder().encode('no record of ours')

function batchOf(...payloads: Uint8Array[]): CommittedBatch {
  const position = { segment: 's', batchStart: 0, sequence: 1, frameStart: 0, frameEnd: 0 }
  const records = payloads.map(payload => ({ position, kind: 'data', stream: 'r1', token: 1, sequence: 1, payload }))
  return {
    segment: 's',
    start: 0,
    end: 1,
    durableEnd: 1,
    digest: '',
    records: records as unknown as SegmentRecord[],
    partial: false,
  }
}

test('A8 a record that cannot be told, or a line that cannot be made, is one notice; the lines after it are written', async () => {
  const notices: string[] = []
  const lines: string[] = []
  const write = (_: object, text: string) => void lines.push(text)
  const redaction = new Redaction()
  const log = new RunLog({
    to: { info: write, warn: write, error: write },
    defaultFolder: 'nowhere',
    clock: systemClock,
    redaction,
    notice: text => void notices.push(text),
  })
  log.committed(batchOf(unknown))
  const hide = redaction.hidden.without
  redaction.hidden.without = () => {
    throw new Error('cannot be hidden')
  }
  log.committed(batchOf(encodeRunRecord(ended)))
  await new Promise(resolve => setImmediate(resolve))
  redaction.hidden.without = hide
  log.committed(batchOf(encodeRunRecord(ended)))
  await log.close()
  assert.deepEqual([lines.length, notices.length], [1, 1])
  assert.match(notices[0] ?? '', /^the logger failed; the run goes on/)
})

test('D8 a record that cannot be told to listeners is a notice; those after it are told', async () => {
  const notices: string[] = []
  const told: string[] = []
  const listeners = new StoreListeners(text => void notices.push(text))
  listeners.add('run:completed', event => void told.push(event.run))
  listeners.committed(batchOf(unknown, encodeRunRecord(ended)))
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told, ['r1'])
  assert.match(notices.join('\n'), /^listeners are not told of a record; the work is not affected: /)
})
