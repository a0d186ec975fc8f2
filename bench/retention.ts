import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyRetention } from '../src/engine/apply-retention.ts'
import { coreOf } from '../src/engine/store.ts'
import { pipeline, type Store } from '../src/index.ts'
import { type Clock, systemClock } from '../src/model/clock.ts'
import { open } from '../src/open.ts'

/*
 * What a retention costs at the end of a run, by how many checkpoints the store keeps: node --conditions=waymark-source bench/retention.ts. CPU time, median of eleven; the peer is the same run
 * end without a retention (bringing the catalog in step), in the same minute. The first time everything is looked at, and told by itself.
 */
const dayMs = 86_400_000
let aheadMs = 0
const clock: Clock = {
  now: () => systemClock.now() + aheadMs,
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
}

async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** Median of the CPU time, in milliseconds. */
async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 11; round++) times.push(await cpuMs(work))
  return times.sort((a, b) => a - b)[5] ?? 0
}

async function withStore(use: (store: Store) => Promise<void>): Promise<void> {
  aheadMs = 0
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-retention-'))
  const store = await open({ path: join(folder, '.waymark'), components: { clock }, durability: 'process' })
  await use(store)
  await store.close()
  rmSync(folder, { recursive: true, force: true })
}

async function report(store: Store, what: string, days: number): Promise<void> {
  const core = coreOf(store)
  const retention = { newestRuns: 0 }
  aheadMs = days * dayMs
  const bare = await median(() => core.feed.refresh())
  const first = await cpuMs(() => applyRetention(core, retention))
  const next = await median(() => applyRetention(core, retention))
  const figures = `first ${first.toFixed(1).padStart(6)} ms, then ${next.toFixed(2).padStart(6)} ms a run end, ${(next / bare).toFixed(1)}x without`
  console.log(`${what.padEnd(66)} ${figures}`)
}

for (const checkpoints of [100, 1_000, 10_000]) {
  await withStore(async store => {
    for (let at = 0; at < checkpoints; at += 100)
      await Promise.all(Array.from({ length: 100 }, (_, n) => store.save({ value: at + n, run: `by-hand-${at}`, stage: 's' })))
    await report(store, `${checkpoints} checkpoints, nothing is old`, 0)
    await report(store, `${checkpoints} checkpoints, all is old, and kept as of no run`, 30)
  })
}

for (const [runs, each] of [
  [100, 1],
  [400, 1],
  [1_600, 1],
  [100, 100],
] as const) {
  await withStore(async store => {
    for (let n = 0; n < runs; n++) {
      const stages = pipeline(`pipeline ${n}`, async run => {
        for (let at = 0; at < each; at++) await run.stage(`s${at}`, () => at)
      })
      await stages.run({}, { store })
    }
    await report(store, `${runs} runs with ${each} old, kept as the newest of their stages`, 30)
  })
}
