import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonl, open, pipeline } from 'waymark'
import { type Clock, systemClock } from '../../src/model/clock.ts'
import { withStore } from './with-store.ts'

const yearMs = 365 * 24 * 3_600_000

/** The clock of a machine whose wall time is set by hand while it works. */
class JumpingClock implements Clock {
  #offsetMs = 0

  jump(ms: number): void {
    this.#offsetMs += ms
  }

  now(): number {
    return systemClock.now() + this.#offsetMs
  }

  monotonicMs(): number {
    return systemClock.monotonicMs()
  }

  after(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): () => void {
    return systemClock.after(delayMs, callback, options)
  }
}

test('the latest checkpoint is the one saved last, however the clock jumps, also for the next process [pitfall 9]', async () => {
  const clock = new JumpingClock()
  await withStore(
    async store => {
      const saved: string[] = []
      const jumps = [0, -yearMs, yearMs, yearMs, -yearMs, -3 * yearMs]
      for (const jump of jumps) {
        clock.jump(jump)
        saved.unshift((await store.save({ value: jump, run: 'r', stage: 's' })).id)
        assert.equal((await store.latest({ run: 'r', stage: 's' }))?.id, saved[0])
        const next = await open({ path: store.path, components: { clock } })
        saved.unshift((await next.save({ value: jump, run: 'r', stage: 's' })).id)
        await next.close()
        assert.equal((await store.latest({ run: 'r' }))?.id, saved[0])
      }
      assert.deepEqual(
        (await store.list({ run: 'r' })).map(({ id }) => id),
        saved,
      )
    },
    { components: { clock } },
  )
})

test('the last run is the one begun last, though the clock was set back a year in between', async () => {
  const clock = new JumpingClock()
  await withStore(
    async store => {
      const work = pipeline('runs', run => run.stage('one', () => 1))
      const begun: string[] = []
      for (const jump of [0, -yearMs, 0, yearMs, -2 * yearMs]) {
        clock.jump(jump)
        begun.unshift((await work.run({}, { store })).run)
        assert.equal((await store.run('@last')).id, begun[0])
        assert.equal((await store.run('runs@last')).id, begun[0])
      }
      assert.deepEqual(
        (await store.runs()).map(({ id }) => id),
        begun,
      )
    },
    { components: { clock } },
  )
})

for (const jump of [yearMs, -yearMs]) {
  const direction = jump > 0 ? 'forward' : 'back'
  test(`a run goes on where it was though the clock is set ${direction} a year in the middle of each attempt`, async () => {
    const clock = new JumpingClock()
    await withStore(
      async (store, folder) => {
        const output = join(folder, 'out.jsonl')
        const drawn = new Set<number>()
        let attempts = 0
        const calls: number[] = []
        const work = pipeline('jumping', async run => {
          const attempt = ++attempts
          drawn.add(run.now())
          const items = run.stage('items', () => Array.from({ length: 30 }, (_, i) => i))
          const passed = await run.each(
            'work',
            items,
            async n => {
              calls.push(n)
              if (n === attempt * 10 - 5) clock.jump(attempt === 2 ? -jump : jump)
              if (n === attempt * 10) throw new Error('no')
              return n
            },
            { output: jsonl(output), save: { items: 1 } },
          )
          return passed.done
        })
        for (const expected of ['failed', 'failed']) {
          await assert.rejects(work.run({}, { store, acceptStale: true }), { code: expected })
          const { updatedAt, createdAt } = await store.run('@last')
          assert.ok(updatedAt >= createdAt)
        }
        const { value } = await work.run({}, { store, acceptStale: true })
        assert.equal(value, 30)
        assert.equal(drawn.size, 1)
        const lines = readFileSync(output, 'utf8').trim().split('\n').map(Number)
        assert.deepEqual(
          lines,
          Array.from({ length: 30 }, (_, i) => i),
        )
        // Only the items that threw are called a second time.
        assert.deepEqual(
          calls.filter((n, i) => calls.indexOf(n) !== i),
          [10, 20],
        )
        for (const stage of await store.stages((await store.run('@last')).id)) assert.ok((stage.durationMs ?? 0) >= 0)
      },
      { components: { clock } },
    )
  })
}

test('B13 a run is told stale when the clock says that a day has passed, and not when the clock was set back', async () => {
  const clock = new JumpingClock()
  await withStore(
    async store => {
      let fail = true
      const work = pipeline('stale', async run => {
        await run.stage('one', () => 1)
        if (fail) throw new Error('no')
      })
      await assert.rejects(work.run({}, { store }), { code: 'failed' })
      clock.jump(-yearMs)
      await assert.rejects(work.run({}, { store }), { code: 'failed' }, 'a clock that was set back makes nothing old')
      clock.jump(2 * yearMs)
      await assert.rejects(work.run({}, { store }), { code: 'stale' })
      fail = false
      await work.run({}, { store, acceptStale: true })
      assert.deepEqual(
        (await store.runs()).map(run => [run.state, run.attempt]),
        [['completed', 3]],
      )
    },
    { components: { clock } },
  )
})
