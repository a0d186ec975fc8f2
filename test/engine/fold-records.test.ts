import assert from 'node:assert/strict'
import { test } from 'node:test'
import { foldRecords } from '../../src/engine/fold-records.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import type { FoundRecord } from '../../src/log/log.ts'
import { DigestList } from '../../src/model/digest-list.ts'
import { KeySet } from '../../src/model/key-set.ts'
import type { RunRecord } from '../../src/model/records.ts'
import type { RecordPosition } from '../../src/model/run-view.ts'

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

/** Records as a history gives them, the long ones left in a log; which of those bytes are in memory at each reading. */
function left(records: readonly RunRecord[]) {
  const payloads = records.map(encodeRunRecord)
  const handedOut: Uint8Array[] = []
  const inMemory: number[] = []
  const log = {
    read: async ({ offset }: RecordPosition) => {
      // With something before it, as a record of a segment has its head.
      const payload = Buffer.concat([Buffer.alloc(20), payloads[offset] ?? assert.fail()]).subarray(20)
      handedOut.push(payload)
      inMemory.push(handedOut.filter(({ length }) => length > 0).length)
      return { stream: 'run', payload: Buffer.from(payload.buffer, payload.byteOffset, payload.length) }
    },
  }
  const found = payloads.map((payload, offset): FoundRecord => {
    const position = { segment: 's1', offset, length: payload.length }
    return { stream: 'run', token: 1, sequence: offset + 1, payload: payload.length > 10_000 ? undefined : payload, position }
  })
  return { log, found, inMemory }
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

test('B3 of records that were left in the log each is read once, and is not in memory any more when the next is', async () => {
  const { log, found, inMemory } = left([started, progress(0), progress(1), progress(2)])
  const stage = (await foldRecords(log, found)).stages.get('items')
  assert.equal(stage?.finished, 3 * perRecord)
  for (let n = 0; n < 6 * perRecord; n += 11) assert.equal(stage?.keys.has(`order-${n}`), n < 3 * perRecord, `order-${n}`)
  assert.deepEqual(inMemory, [1, 1, 1])
})

test('B3 how many keys there are is looked up in the last of many records, which is read once more; never are two of them in memory', async () => {
  const { log, found, inMemory } = left([started, ...Array.from({ length: 6 }, (_, nth) => progress(nth))])
  const stage = (await foldRecords(log, found)).stages.get('items')
  assert.equal(stage?.finished, 6 * perRecord)
  for (let n = 0; n < 12 * perRecord; n += 11) assert.equal(stage?.keys.has(`order-${n}`), n < 6 * perRecord, `order-${n}`)
  assert.deepEqual(inMemory, [1, 1, 1, 1, 1, 1, 1])
})

test('B3 records that a history holds are folded as they are, and can be folded again', async () => {
  const { log, found } = left([started, progress(0), progress(1)])
  const whole = await Promise.all(
    found.map(async record => ({ ...record, payload: record.payload ?? (await log.read(record.position)).payload })),
  )
  for (const _ of ['once', 'again']) {
    const stage = (await foldRecords(log, whole)).stages.get('items')
    assert.equal(stage?.finished, 2 * perRecord)
    assert.equal(stage?.keys.has('order-39999'), true)
  }
})
