import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pipeline } from 'waymark'
import { storeOfTest } from './store-of-test.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const entries = 10_000
const textBytes = 2_048

test('A13 ten thousand entries of 2 KiB each are read one by one without being held: less than a quarter of them at any time', async t => {
  const { store } = await storeOfTest(t)
  await pipeline('many', run =>
    run.stage('s', async ctx => {
      for (let from = 0; from < entries; from += 500)
        await Promise.all(
          Array.from({ length: 500 }, (_, at) =>
            ctx.record('s', { n: from + at, text: String.fromCharCode(97 + (at % 26)).repeat(textBytes) }),
          ),
        )
    }),
  ).run({}, { store, runId: 'r', durability: 'process' })
  // What is free is given back by threads, some time after a collection: of several looks the least counts.
  const held = async (): Promise<number> => {
    let least = Number.POSITIVE_INFINITY
    for (let look = 0; look < 4; look++) {
      collect()
      await setTimeout(look * 5)
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      least = Math.min(least, heapUsed + arrayBuffers)
    }
    return least
  }
  await store.records({ run: 'r', limit: 1 })
  const before = await held()
  let most = 0
  let next = 0
  for await (const { entry } of store.eachRecord({ run: 'r' })) {
    assert.equal(entry['n'], next++)
    if (next % 1_000 === 0) most = Math.max(most, (await held()) - before)
  }
  assert.equal(next, entries)
  assert.ok(most < (entries * textBytes) / 4, `${most} bytes were held`)
  t.diagnostic(`${most} bytes`)
})
