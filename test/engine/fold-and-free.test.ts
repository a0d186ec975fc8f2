import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldAndFree } from '../../src/engine/fold-and-free.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import type { StoredRecord } from '../../src/log/log.ts'
import { DigestList } from '../../src/model/digest-list.ts'
import { KeySet } from '../../src/model/key-set.ts'
import type { RunRecord } from '../../src/model/records.ts'

const salt = Uint8Array.from({ length: 16 }, (_, i) => i)
const perRecord = 20_000

function digestsOf(from: number, to: number): Uint8Array {
  const list = new DigestList()
  const { digester } = new KeySet(salt)
  for (let n = from; n < to; n++) {
    digester.digest(`order-${n}`)
    list.push(digester)
  }
  return list.take()
}

function stored(records: readonly RunRecord[]): StoredRecord[] {
  return records.map((record, i) => {
    const payload = encodeRunRecord(record)
    const position = { segment: 's1', offset: 96 + i, length: payload.length }
    return { stream: 'run', token: 1, sequence: i + 1, payload, position }
  })
}

const started = { type: 'stage.started', time: 1, path: 'items', kind: 'each', order: 1, keySalt: salt } as const
const progress = (nth: number) =>
  ({
    type: 'stage.progress',
    time: 2 + nth,
    path: 'items',
    counts: { done: (nth + 1) * perRecord, skipped: 0, setAside: 0, retries: 0 },
    keyDigests: digestsOf(nth * perRecord, (nth + 1) * perRecord),
  }) as const

test('B3 records that are freed one by one as they are folded give every key, and are not in memory any more', () => {
  const records = stored([started, progress(0), progress(1), progress(2)])
  const stage = foldAndFree(records).stages.get('items')
  assert.equal(stage?.finished, 3 * perRecord)
  for (let n = 0; n < 6 * perRecord; n += 11) assert.equal(stage?.keys.has(`order-${n}`), n < 3 * perRecord, `order-${n}`)
  assert.deepEqual(
    records.map(({ payload }) => payload.length > 0),
    [true, false, false, false],
  )
})

test('a payload that is a part of something larger is not freed with it', () => {
  const [first, second, third] = stored([started, progress(0), progress(1)])
  assert.ok(first && second && third)
  const whole = Buffer.concat([second.payload, third.payload])
  const parts = [
    first,
    { ...second, payload: whole.subarray(0, second.payload.length) },
    { ...third, payload: whole.subarray(second.payload.length) },
  ]
  assert.equal(foldAndFree(parts).stages.get('items')?.finished, 2 * perRecord)
  assert.ok(whole.length > 0)
})
