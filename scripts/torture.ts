// npm run torture [-- --ci] [--seed S] [--states N] [--kills N] [--only log|store|chunks|savers|each|thaw|rekey|kill] Breaks things on purpose and checks that
// nothing promised is lost: power cuts over a simulated disk, real processes killed. A failure prints the seed that shows it
// again.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/model/clock.ts'
import { simulateChunks } from '../src/testing/chunk-simulation.ts'
import { simulateLog } from '../src/testing/log-simulation.ts'
import { simulateStore } from '../src/testing/store-simulation.ts'

const { values } = parseArgs({
  options: {
    ci: { type: 'boolean', default: false },
    seed: { type: 'string' },
    states: { type: 'string' },
    kills: { type: 'string' },
    only: { type: 'string' },
  },
})

// In CI always the same, so that a failure is the change's; elsewhere always something new.
const seed = number('seed', values.ci ? 1 : systemClock.now())
const states = number('states', values.ci ? 2_000 : 100_000)
const kills = number('kills', values.ci ? 40 : 1_000)

interface Part {
  readonly name: string
  /** Resolves with one line that says what was done; undefined if there is nothing to do. */
  readonly run: () => Promise<string | undefined>
}

const parts: readonly Part[] = [
  {
    name: 'log',
    async run() {
      const done = await simulateLog({ seed, states })
      return `${done.states} disks after a crash, from ${done.histories} histories of rival processes: every promise of the log held`
    },
  },
  {
    name: 'store',
    async run() {
      // A state of the whole store, its run gone on with to the end, costs as much as some hundred of the log alone.
      let done = await simulateStore({ seed, states: Math.ceil(states / 10) })
      for (const durability of ['process', 'exit'] as const)
        done += await simulateStore({ seed, states: Math.ceil(states / 40), durability })
      return `${done} disks after a crash, from a store and a pipeline: nothing acknowledged was lost, and the run went on to the same end`
    },
  },
  {
    name: 'chunks',
    async run() {
      const done = await simulateChunks({ seed, states: number('states', values.ci ? 20_000 : 100_000) })
      return `${done.states} disks after a crash, from ${done.traces} histories of saves: every acknowledged checkpoint was there, none was wrong, and the next save stood on it`
    },
  },
  {
    name: 'savers',
    async run() {
      const { manySavers } = await import('../test/engine/trial/many-savers.ts')
      return values.ci ? manySavers(16, 50) : manySavers(64, 100)
    },
  },
  {
    name: 'each',
    async run() {
      const { tortureEach } = await import('./torture-each.ts')
      return tortureEach({ rounds: number('kills', values.ci ? 60 : 10_000), seed: seed % 1_000_000 })
    },
  },
  {
    name: 'thaw',
    async run() {
      // Windows cannot stop a process.
      if (process.platform === 'win32') return undefined
      const { tortureThaw } = await import('./torture-thaw.ts')
      return tortureThaw({ rounds: number('kills', values.ci ? 12 : 1_000), seed: seed % 1_000_000 })
    },
  },
  {
    name: 'rekey',
    async run() {
      const { killedRekeys } = await import('../test/engine/trial/killed-rekeys.ts')
      return killedRekeys(number('kills', values.ci ? 8 : 100), seed % 1_000_000)
    },
  },
  {
    name: 'kill',
    async run() {
      const script = new URL('torture-kill.ts', import.meta.url)
      if (!existsSync(script)) return undefined
      const { tortureKill } = await import(script.href)
      return tortureKill({ rounds: kills, seed })
    },
  },
]

for (const { name, run } of parts) {
  if (values.only !== undefined && values.only !== name) continue
  const began = systemClock.monotonicMs()
  try {
    const line = await run()
    if (line !== undefined) console.log(`${name}: ${line} (seed ${seed}, ${seconds(began)} s)`)
  } catch (error) {
    console.error(`${name}: FAILED, seed ${seed}, after ${seconds(began)} s`)
    console.error(error)
    process.exitCode = 1
  }
}

function number(option: 'seed' | 'states' | 'kills', byDefault: number): number {
  const given = values[option]
  if (given === undefined) return byDefault
  if (/^\d+$/.test(given)) return Number(given)
  console.error(`--${option} needs a whole number, not ${given}`)
  process.exit(2)
}

function seconds(began: number): string {
  return ((systemClock.monotonicMs() - began) / 1000).toFixed(1)
}
