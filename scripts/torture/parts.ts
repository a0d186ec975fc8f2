import { existsSync } from 'node:fs'
import { simulateChunks } from '../../src/testing/chunk-simulation.ts'
import { simulateLog } from '../../src/testing/log-simulation.ts'
import { simulateStore } from '../../src/testing/store-simulation.ts'

export interface TortureOptions {
  /** Little, and always the same. */
  readonly ci: boolean
  readonly seed: number
  /** Undefined: as many as each part does by default. */
  readonly states?: number
  readonly kills?: number
}

interface Part {
  readonly name: string
  /** Resolves with one line that says what was done; undefined if there is nothing to do. */
  readonly run: (options: TortureOptions) => Promise<string | undefined>
}

/** Those that take longest first: two are at work at a time, and none of these is to be alone at the end. */
export const parts: readonly Part[] = [
  {
    name: 'chunks',
    async run({ ci, seed, states = ci ? 20_000 : 100_000 }) {
      const done = await simulateChunks({ seed: seed % 1_000_000, states })
      return `${done.states} disks after a crash, from ${done.traces} histories of saves: every acknowledged checkpoint was there, none was wrong, and the next save stood on it`
    },
  },
  {
    name: 'each',
    async run({ ci, seed, kills = ci ? 60 : 10_000 }) {
      const { tortureEach } = await import('../torture-each.ts')
      return tortureEach({ rounds: kills, seed: seed % 1_000_000 })
    },
  },
  {
    name: 'kill',
    async run({ ci, seed, kills = ci ? 40 : 1_000 }) {
      const script = new URL('../torture-kill.ts', import.meta.url)
      if (!existsSync(script)) return undefined
      const { tortureKill } = await import(script.href)
      return tortureKill({ rounds: kills, seed })
    },
  },
  {
    name: 'store',
    async run({ ci, seed, states = ci ? 2_000 : 100_000 }) {
      // A state of the whole store, its run gone on with to the end, costs as much as some hundred of the log alone.
      let done = await simulateStore({ seed, states: Math.ceil(states / 10) })
      for (const durability of ['process', 'exit'] as const)
        done += await simulateStore({ seed, states: Math.ceil(states / 40), durability })
      return `${done} disks after a crash, from a store and a pipeline: nothing acknowledged was lost, and the run went on to the same end`
    },
  },
  {
    name: 'thaw',
    async run({ ci, seed, kills = ci ? 12 : 1_000 }) {
      // Windows cannot stop a process.
      if (process.platform === 'win32') return undefined
      const { tortureThaw } = await import('../torture-thaw.ts')
      return tortureThaw({ rounds: kills, seed: seed % 1_000_000 })
    },
  },
  {
    name: 'rekey',
    async run({ ci, seed, kills = ci ? 8 : 100 }) {
      const { killedRekeys } = await import('../../test/engine/trial/killed-rekeys.ts')
      return killedRekeys(kills, seed % 1_000_000)
    },
  },
  {
    name: 'savers',
    async run({ ci }) {
      const { manySavers } = await import('../../test/engine/trial/many-savers.ts')
      return ci ? manySavers(16, 50) : manySavers(64, 100)
    },
  },
  {
    name: 'log',
    async run({ ci, seed, states = ci ? 2_000 : 100_000 }) {
      const done = await simulateLog({ seed, states })
      return `${done.states} disks after a crash, from ${done.histories} histories of rival processes: every promise of the log held`
    },
  },
]
