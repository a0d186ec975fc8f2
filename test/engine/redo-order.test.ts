import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonl, pipeline } from 'waymark'
import { type Clock, systemClock } from '../../src/model/clock.ts'
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

test('E10 stages that are redone side by side are both right afterwards, though the earlier one comes out differently while the later one is at work', () =>
  withStore(async store => {
    const calls: string[] = []
    let value = 1
    const work = pipeline('side-by-side', async run => {
      const later = Promise.withResolvers<number>()
      // Called first, and stands on the one that is called after it.
      const a = run.stage('a', async () => {
        calls.push('a')
        return (await later.promise) + value
      })
      await new Promise(resolve => setImmediate(resolve))
      later.resolve(
        await run.stage('b', () => {
          calls.push('b')
          return 10 * value
        }),
      )
      return a
    })
    const { run } = await work.run({}, { store })
    calls.length = 0
    value = 2
    assert.equal((await work.run({}, { store, runId: run, redo: ['a', 'b'] })).value, 22)
    assert.deepEqual(calls, ['a', 'b'])
    const { stages } = await store.report(run)
    assert.deepEqual(
      stages.map(({ outdated }) => outdated),
      [undefined, undefined],
    )
    calls.length = 0
    await work.run({}, { store, runId: run })
    assert.deepEqual(calls, [])
  }))

test('E10 a stage that waits long for one that is redone is told, with what to do if that one waits for it', async () => {
  // What would be said after ten seconds is said at once.
  const clock: Clock = {
    ...systemClock,
    after: (ms, callback, options) => systemClock.after(ms === 10_000 ? 1 : ms, callback, options),
  }
  await withStore(
    async store => {
      const told = Promise.withResolvers<void>()
      let isStuck = false
      const work = pipeline('waits', async run => {
        const a = run.stage('a', async () => {
          if (!isStuck) return
          await told.promise
          throw new Error('ended')
        })
        await new Promise(resolve => setImmediate(resolve))
        await Promise.all([a, run.stage('b', () => 1)])
      })
      const { run } = await work.run({}, { store })
      isStuck = true
      const notices: string[] = []
      const again = work.run(
        {},
        {
          store,
          runId: run,
          redo: ['a'],
          onEvent: event => {
            if (event.type !== 'notice') return
            notices.push(event.message)
            told.resolve()
          },
        },
      )
      await assert.rejects(again, { code: 'failed' })
      assert.deepEqual(notices.slice(0, 1), [
        'b waits until a is redone: a new result there makes it outdated. If a awaits b itself, this does not end: stop the run, and redo both with --redo a --redo b',
      ])
    },
    { components: { clock } },
  )
})

for (const how of ['redo', 'version', 'more items'] as const) {
  test(`X6 E10 in a fork, and a fork of that, what stands on a stage that comes out differently is done again (${how})`, () =>
    withStore(async (store, folder) => {
      const calls: string[] = []
      let value = 1
      let isBroken = false
      const work = pipeline(`fork-${how}`, async run => {
        const file = join(folder, 'items.jsonl')
        writeFileSync(file, '{}\n'.repeat(value))
        const made =
          how === 'more items'
            ? (await run.each('a', jsonl(file), () => 1)).done
            : await run.stage('a', () => value, how === 'version' ? { version: String(value) } : {})
        const result = await run.stage('b', () => {
          calls.push('b')
          return 10 * made
        })
        if (isBroken) throw new Error('broken off')
        return result
      })
      let { run } = await work.run({}, { store })
      // The attempt of the fork has the number of that in which the stages were begun, and another one.
      for (const attempt of [1, 2]) {
        run = (await store.fork(run)).run
        if (attempt === 2) {
          isBroken = true
          await assert.rejects(work.run({}, { store, runId: run }), { code: 'failed' })
          isBroken = false
        }
        calls.length = 0
        value++
        const outcome = await work.run({}, { store, runId: run, ...(how === 'redo' ? { redo: ['a'] } : { acceptInput: true }) })
        assert.deepEqual([outcome.value, calls], [10 * value, ['b']], `attempt ${attempt}`)
      }
    }))
}
