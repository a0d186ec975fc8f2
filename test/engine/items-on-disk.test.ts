import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWaymarkError, pipeline, type Store } from 'waymark'
import { findItem } from '../../src/cli/recorded-item.ts'
import { decodeRunRecord, encodeRunRecord } from '../../src/engine/record-codec.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { RecordedRun } from '../../src/model/recorded-run.ts'
import type { RunRecord, StageProgress } from '../../src/model/records.ts'
import { withStore } from './with-store.ts'

async function progressOf(store: Store, run: string): Promise<StageProgress[]> {
  const list: StageProgress[] = []
  for await (const event of store.events(run)) if (event.type === 'stage.progress') list.push(event)
  return list
}

/** Fails at one item until it is told not to. */
function byKey(calls: string[], fails: () => boolean) {
  return pipeline('by-key', async run => {
    const names = Array.from({ length: 500 }, (_, i) => ({ id: `näme ${i}` }))
    const { results } = await run.each(
      'items',
      names,
      async ({ id }) => {
        calls.push(id)
        if (id === 'näme 400' && fails()) throw new Error('bad item')
        return id.length
      },
      { key: item => item.id, save: { items: 100 } },
    )
    return (await results().toArray()).length
  })
}

test('B3 by key a record holds eleven bytes for each item, and a resumed run calls only what is not among them', async () => {
  await withStore(async store => {
    const calls: string[] = []
    let fail = true
    const work = byKey(calls, () => fail)
    const error = await work.run({}, { store, runId: 'keyed' }).catch(reason => reason)
    assert.ok(isWaymarkError(error, 'failed'), String(error))
    const records = await progressOf(store, 'keyed')
    assert.equal(
      records.reduce((sum, { keyDigests }) => sum + (keyDigests?.length ?? 0), 0),
      400 * 11,
    )
    assert.ok(records.every(({ keys }) => keys === undefined))
    fail = false
    const { value } = await work.run({}, { store })
    assert.equal(value, 500)
    assert.deepEqual([calls.length, new Set(calls).size], [501, 500])
  })
})

test('an item known by key is found in the log, and another is not', async () => {
  await withStore(async store => {
    await byKey([], () => true)
      .run({}, { store, runId: 'keyed' })
      .catch(() => {})
    assert.equal((await findItem(store, 'keyed', 'items', 'näme 0')).state, 'recorded')
    assert.equal((await findItem(store, 'keyed', 'items', 'näme 399')).state, 'recorded')
    assert.equal((await findItem(store, 'keyed', 'items', 'näme 400')).state, 'failed')
    assert.equal((await findItem(store, 'keyed', 'items', 'näme 401')).state, 'not recorded')
  })
})

test('two runs make other digests of the same keys, so that nobody can prepare keys that collide', async () => {
  await withStore(async store => {
    for (const runId of ['one', 'other'])
      await byKey([], () => true)
        .run({}, { store, runId, fresh: true })
        .catch(() => {})
    const [one, other] = await Promise.all([progressOf(store, 'one'), progressOf(store, 'other')])
    assert.notDeepEqual(one[0]?.keyDigests, other[0]?.keyDigests)
  })
})

test('a log of many small ranges now and then holds all of them, and then those before count no more [pitfall 12]', async () => {
  await withStore(async store => {
    const held: (() => void)[] = []
    const work = pipeline('holes', async run => {
      const numbers = run.stage('numbers', () => Array.from({ length: 12_000 }, (_, n) => n))
      await run.each(
        'items',
        numbers,
        async n => {
          if (n % 2 === 1 && n < 11_998) await new Promise<void>(resolve => held.push(resolve))
          if (n === 11_998) for (const resolve of held.splice(0)) resolve()
        },
        { concurrency: 12_000, save: { items: 500 } },
      )
    })
    await work.run({}, { store, runId: 'holes' })
    const records = await progressOf(store, 'holes')
    const last = records.findLastIndex(({ completed }) => completed !== undefined)
    assert.ok(last > 0, 'no record holds all that is finished')
    // Every record says the same, with those before the whole one and without.
    const recorded = [0, last].map(from => {
      const run = new RecordedRun()
      run.apply({ type: 'stage.started', time: 0, path: 'items', kind: 'each', order: 1 }, position)
      for (const record of records.slice(from)) run.apply(record, position)
      return run.stages.get('items')?.completed.toRanges()
    })
    assert.deepEqual(recorded[1], [[0, 11_999]])
    assert.deepEqual(recorded[0], recorded[1])
  })
})

const position = { segment: 's', offset: 0, length: 0 }
const counts = { done: 4, skipped: 0, setAside: 0, retries: 0 }

test('records that hold lists of ranges, keys and results, as format 1.1 wrote them, still count', () => {
  const run = new RecordedRun()
  const started = { type: 'stage.started', time: 0, path: 'items', kind: 'each', order: 1 } as const
  const old = {
    type: 'stage.progress',
    time: 1,
    path: 'items',
    counts,
    ranges: [
      [0, 2],
      [7, 9],
    ],
    keys: ['a', 'b'],
    results: [
      [9, new Uint8Array([1])],
      [0, new Uint8Array([2])],
    ],
  } as const
  for (const record of [started, old]) run.apply(decodeRunRecord(encodeValue(record)), position)
  const stage = run.stages.get('items') ?? assert.fail()
  assert.deepEqual(stage.completed.toRanges(), [
    [0, 2],
    [7, 9],
  ])
  assert.deepEqual([stage.keys.has('a'), stage.keys.has('b'), stage.keys.has('c')], [true, true, false])
  assert.deepEqual(
    stage.results.map(({ from }) => from),
    [0],
  )
})

test('a record is read as it was written, and one whose items are damaged is corrupt', () => {
  const record: RunRecord = {
    type: 'stage.progress',
    time: 1,
    path: 'items',
    counts,
    ranges: [
      [5, 5],
      [9, 20],
    ],
    completed: [[0, 20]],
  }
  assert.deepEqual(decodeRunRecord(encodeRunRecord(record)), record)
  const damaged = encodeValue({ ...record, ranges: new Uint8Array([0x80]) })
  assert.throws(() => decodeRunRecord(damaged), { code: 'corrupt' })
})

test('results kept in the store come in input order from records that lie between one another', async () => {
  await withStore(async store => {
    const work = pipeline('order', async run => {
      const numbers = run.stage('numbers', () => Array.from({ length: 2_000 }, (_, n) => n))
      const each = await run.each(
        'items',
        numbers,
        async n => {
          for (let turns = (n * 7919) % 13; turns > 0; turns--) await new Promise(resolve => setImmediate(resolve))
          return n
        },
        { concurrency: 500, save: { items: 40 } },
      )
      return each.results().toArray()
    })
    const { value } = await work.run({}, { store })
    assert.deepEqual(
      value,
      Array.from({ length: 2_000 }, (_, n) => n),
    )
  })
})
