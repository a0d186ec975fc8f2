import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ItemContext, isWaymarkError, pipeline, type Store } from 'waymark'
import { withStore } from './with-store.ts'

const items = Array.from({ length: 40 }, (_, i) => i)

/** Calls what it can of the items; the error it ends with, and what was called. */
async function passWith(store: Store, key: (n: number) => string | number, runId: string, concurrency = 1) {
  const calls: number[] = []
  const work = pipeline('keyed', async run => {
    await run.each('items', items, async n => void calls.push(n), { key, concurrency })
  })
  const error: unknown = await work.run({}, { store, runId }).catch(reason => reason)
  return { calls, error, work }
}

test('B3 a key that cannot be had ends the pass at its item: those before it are called and recorded', () =>
  withStore(async store => {
    let isBroken = true
    const key = (n: number) => {
      if (n === 25 && isBroken) throw new Error('no id')
      return `order-${n}`
    }
    const { calls, error, work } = await passWith(store, key, 'throws')
    assert.ok(error instanceof Error && /no id/.test(`${error.message} ${error.cause}`), String(error))
    assert.deepEqual(calls, items.slice(0, 25))
    isBroken = false
    await work.run({}, { store, runId: 'throws' })
    assert.deepEqual(calls, items)
  }))

test('B3 the second of two items with one key is not called, those before it are, also where their keys were asked for together', () =>
  withStore(async store => {
    for (const concurrency of [1, 16]) {
      const { calls, error } = await passWith(store, n => `order-${n === 30 ? 3 : n}`, `twice-${concurrency}`, concurrency)
      assert.ok(isWaymarkError(error), String(error))
      assert.match(`${error.message} ${error.cause}`, /have the key "order-3"; the second is item 30/)
      assert.deepEqual(calls, items.slice(0, 30))
    }
  }))

test('B3 of items that are recorded here and there, in runs of any length, the others are called, each with its own index and key', () =>
  withStore(async store => {
    const many = Array.from({ length: 2_600 }, (_, i) => i)
    // Runs of recorded items within a batch, over its end, whole batches, and single ones.
    const isFinished = (n: number) => (n > 3 && n < 20) || (n > 200 && n < 1_900) || n % 7 === 0
    for (const concurrency of [1, 16]) {
      let isFirst = true
      const called: string[] = []
      const work = pipeline('keyed', async run => {
        const call = async (n: number, ctx: ItemContext) => {
          if (isFirst && !isFinished(n)) throw new Error('not now')
          called.push(`${n} ${ctx.index} ${ctx.key}`)
        }
        await run.each('items', many, call, { key: n => `order-${n}`, concurrency, tolerate: { count: many.length } })
      })
      const runId = `gaps-${concurrency}`
      await work.run({}, { store, runId })
      isFirst = false
      called.length = 0
      await store.requeue(runId, { all: true })
      await work.run({}, { store, runId })
      const expected = many.filter(n => !isFinished(n)).map(n => `${n} ${n} order-${n}`)
      assert.deepEqual(called.toSorted(), expected.toSorted())
    }
  }))
