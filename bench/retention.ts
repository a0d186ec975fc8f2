import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyRetention } from '../src/engine/apply-retention.ts'
import { coreOf } from '../src/engine/store.ts'
import { type Clock, systemClock } from '../src/model/clock.ts'
import { open } from '../src/open.ts'

/*
 * What a retention costs at the end of a run, by how many checkpoints the store keeps: node --conditions=waymark-source bench/retention.ts. CPU time, median of eleven; the peer is the same run
 * end without a retention (bringing the catalog in step), in the same minute.
 */
const dayMs = 86_400_000
let aheadMs = 0
const clock: Clock = {
  now: () => systemClock.now() + aheadMs,
  monotonicMs: () => systemClock.monotonicMs(),
  after: (delayMs, callback, options) => systemClock.after(delayMs, callback, options),
}

/** Median of the CPU time, in milliseconds. */
async function median(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = []
  for (let round = 0; round < 11; round++) {
    const before = process.cpuUsage()
    await work()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / 1_000)
  }
  return times.sort((a, b) => a - b)[5] ?? 0
}

for (const checkpoints of [100, 1_000, 10_000]) {
  aheadMs = 0
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-retention-'))
  const store = await open({ path: join(folder, '.waymark'), components: { clock }, durability: 'process' })
  const core = coreOf(store)
  for (let at = 0; at < checkpoints; at += 100)
    await Promise.all(Array.from({ length: 100 }, (_, n) => store.save({ value: at + n, run: `by-hand-${at}`, stage: 's' })))
  for (const [what, days] of [
    ['nothing is old', 0],
    ['all is old, and kept as of no run', 30],
  ] as const) {
    aheadMs = days * dayMs
    const bare = await median(() => core.feed.refresh())
    const withIt = await median(() => applyRetention(core, {}))
    console.log(
      `${String(checkpoints).padStart(6)} checkpoints, ${what.padEnd(34)} ${withIt.toFixed(2).padStart(8)} ms a run end, ${(withIt / bare).toFixed(1)}x without`,
    )
  }
  await store.close()
  rmSync(folder, { recursive: true, force: true })
}
