import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonl, open, pipeline, type RunEvent, type Tracker } from 'waymark'
import { identifyProcess } from '../../src/engine/process-identity.ts'
import { type Clock, systemClock } from '../../src/model/clock.ts'
import { withStore } from './with-store.ts'

const dayMs = 24 * 3_600_000
const yearMs = 365 * dayMs
const range = (count: number) => Array.from({ length: count }, (_, n) => n)

/** Its wall time is what the function makes of the right one; timers and durations go on. */
const clockWith = (now: (rightMs: number) => number): Clock => ({
  now: () => now(systemClock.now()),
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
})

/** Every number anywhere in an event can be shown: none is NaN, and no time that is left is negative. */
function checkNumbers(value: unknown, path: string): void {
  if (typeof value === 'number') {
    assert.ok(!Number.isNaN(value), `${path} is NaN`)
    if (/eta|duration|remaining|perSecond|interval|elapsed|workedMs/i.test(path)) assert.ok(value >= 0, `${path} is ${value}`)
  } else if (typeof value === 'object' && value !== null && !(value instanceof Error)) {
    for (const [name, inner] of Object.entries(value)) checkNumbers(inner, `${path}.${name}`)
  }
}

const frozenAt = systemClock.now()
let turn = 0
const clocks: readonly (readonly [what: string, clock: Clock])[] = [
  ['stands still', clockWith(() => frozenAt)],
  ['runs backwards', clockWith(right => 2 * frozenAt - right)],
  ['jumps a year forward and back with every look', clockWith(right => right + (turn++ % 2 === 0 ? yearMs : -yearMs))],
]

for (const [what, clock] of clocks) {
  test(`with a clock that ${what} a pass fails, goes on and ends exactly, and no number is NaN or negative [pitfall 9]`, () =>
    withStore(
      async (store, folder) => {
        const output = join(folder, 'out.jsonl')
        const events: RunEvent[] = []
        const calls: number[] = []
        const work = pipeline('clock', run =>
          run.each(
            'work',
            range(60),
            async n => {
              calls.push(n)
              if (run.attempt < 3 && n === run.attempt * 20) throw new Error('not yet')
              await new Promise(resolve => setTimeout(resolve, 1))
              return n
            },
            { key: n => n, output: jsonl(output), save: { ms: 5 } },
          ),
        )
        const options = { store, runId: 'r', acceptStale: true, onEvent: (event: RunEvent) => events.push(event) }
        for (const _ of [1, 2]) {
          await assert.rejects(work.run({}, options), { code: 'failed' })
          checkNumbers(await store.report('r'), 'report')
        }
        await work.run({}, options)
        assert.deepEqual(readFileSync(output, 'utf8').trim().split('\n').map(Number), range(60))
        assert.deepEqual(
          calls.filter((n, i) => calls.indexOf(n) !== i),
          [20, 40],
        )
        for (const event of events) checkNumbers(event, event.type)
        for (const stage of await store.stages('r')) checkNumbers(stage, 'stage')
        for (const run of await store.runs()) assert.ok(run.updatedAt >= run.createdAt)
        assert.deepEqual(store.notices(), [])
      },
      { components: { clock } },
    ))

  test(`with a clock that ${what} a tracked loop goes on where it was [pitfall 9]`, () =>
    withStore(
      async store => {
        const done: number[] = []
        const rows = (end: number) => async (tracker: Tracker) => {
          for (const n of range(30)) {
            if (tracker.shouldSkip(n)) continue
            if (n === end) throw new Error('not yet')
            done.push(n)
            tracker.done(n)
          }
        }
        const options = { run: 'r', stage: 'loop', total: 30, acceptStale: true }
        await assert.rejects(store.track(options, rows(12)), /not yet/)
        await store.track(options, rows(30))
        assert.deepEqual(done, range(30))
        assert.equal((await store.run('@last')).state, 'completed')
      },
      { components: { clock } },
    ))
}

for (const skewMs of [yearMs, -yearMs, dayMs / 48]) {
  const skewed = `${Math.abs(skewMs) / 3_600_000} hours ${skewMs > 0 ? 'ahead' : 'behind'}`
  test(`two owners whose clocks differ, one ${skewed}: one is refused or fenced, or comes after the other, and the output is exact [pitfall 9]`, () =>
    withStore(async (store, folder) => {
      const output = join(folder, 'out.jsonl')
      const other = await open({
        path: store.path,
        components: {
          clock: clockWith(right => right + skewMs),
          // Its death cannot be proven, and so only the lease says whether it lives.
          identify: name => ({ ...identifyProcess(name), bootId: 'another machine', host: 'elsewhere' }),
        },
      })
      const work = (owner: string) =>
        pipeline('skewed', run =>
          run.each(
            'work',
            range(60),
            async n => {
              await new Promise(resolve => setTimeout(resolve, 1))
              return { n, owner }
            },
            {
              key: n => n,
              output: jsonl(output),
              save: { items: 1 },
            },
          ),
        )
      const ends = await Promise.allSettled([
        work('here').run({}, { store, runId: 'r', acceptStale: true }),
        work('there').run({}, { store: other, runId: 'r', acceptStale: true }),
      ])
      for (const end of ends)
        if (end.status === 'rejected') assert.ok(['lease_held', 'fenced'].includes(end.reason?.code), String(end.reason))
      if (!ends.some(end => end.status === 'fulfilled')) await work('again').run({}, { store, runId: 'r', acceptStale: true })
      const rows: { n: number }[] = readFileSync(output, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line))
      assert.deepEqual(
        rows.map(row => row.n),
        range(60),
      )
      assert.equal((await store.run('r')).state, 'completed')
      await other.close()
    }))
}
