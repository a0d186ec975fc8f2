import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'
import { keyDigestBytes } from '../../src/model/key-digest.ts'
import { withStore } from './with-store.ts'

test('B3 keys that wait to be recorded are recorded once they come to a megabyte, so that no record of a fast pass is much longer', () =>
  withStore(async store => {
    const items = Array.from({ length: 250_000 }, (_, n) => n)
    // Not timed: bytes alone make a save due before the end.
    const work = pipeline('keyed', run => run.each('items', items, () => {}, { key: n => n, durability: 'exit' }), {})
    const { run } = await work.run({}, { store })
    const { log } = coreOf(store)
    const lengths: number[] = []
    for (const segment of await log.segments())
      for (const { records } of (await log.tail(segment, 0)).batches)
        for (const { stream, payload } of records) if (stream === run && payload.length > 10_000) lengths.push(payload.length)
    const [first = 0] = lengths
    assert.ok(lengths.length > 1, `${lengths}`)
    assert.ok(first > 1 << 20 && first < (1 << 20) + 2_000, `${lengths}`)
    assert.ok(lengths.reduce((sum, length) => sum + length, 0) > items.length * keyDigestBytes)
  }))
