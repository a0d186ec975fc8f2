import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { withStore } from './with-store.ts'

const text = { stage: 'stage', each: 'pass over items' }

for (const first of ['stage', 'each'] as const) {
  for (const later of ['stage', 'each'] as const) {
    test(`E10 a ${text[later]} that is called after an await, beside a ${text[first]} that is being redone, waits for its result and is redone with it`, () =>
      withStore(async store => {
        const calls: string[] = []
        let value = 1
        const work = pipeline(`${first}-${later}`, async run => {
          const begun = Promise.withResolvers<void>()
          const mayEnd = Promise.withResolvers<void>()
          const called = (kind: 'stage' | 'each', name: string, fn: () => Promise<number>): PromiseLike<unknown> =>
            kind === 'stage' ? run.stage(name, fn) : run.each(name, ['item'], fn, { key: item => item }).then(({ done }) => done)
          const slow = called(first, 'a', async () => {
            calls.push('a')
            begun.resolve()
            await mayEnd.promise
            calls.push('a ends')
            return value
          })
          const waiting = async () => {
            await Promise.race([begun.promise, slow])
            const result = called(later, 'b', async () => {
              calls.push('b')
              return value
            })
            // Long enough to be called, were it not to wait.
            for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
            mayEnd.resolve()
            return result
          }
          await Promise.all([slow, waiting()])
        })
        const { run } = await work.run({}, { store })
        assert.deepEqual(
          (await store.stages(run)).map(({ path }) => path),
          ['a', 'b'],
        )
        calls.length = 0
        value = 2
        await work.run({}, { store, runId: run, redo: ['a'] })
        assert.deepEqual(calls, ['a', 'a ends', 'b'])
        const { stages } = await store.report(run)
        assert.deepEqual(
          stages.map(({ outdated }) => outdated),
          [undefined, undefined],
        )
        // Nothing is left to be done again.
        calls.length = 0
        await work.run({}, { store, runId: run })
        assert.deepEqual(calls, [])
      }))
  }
}
