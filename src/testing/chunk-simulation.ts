import { setImmediate as turn } from 'node:timers/promises'
import { noChunkIndex } from '../chunks/chunk-index.ts'
import type { FileSystem } from '../files/file-system.ts'
import { CatalogPool } from './catalog-pool.ts'
import { ChunkFacts } from './chunk-facts.ts'
import { judgeChunks } from './chunk-judge.ts'
import { ChunkMachine } from './chunk-machine.ts'
import { BrokenChunkPromise } from './chunk-promises.ts'
import { type ChunkScenario, chunkScenarios } from './chunk-scenarios.ts'
import { type CrashModel, crashModels, crashPoints, crashState } from './crash-states.ts'
import { delaying } from './faulty-files.ts'
import { MemoryChunkIndex } from './memory-chunk-index.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'

export interface ChunkSimulationOptions {
  /** The first seed; each round over all scenarios has its own, counted up from here. */
  readonly seed: number
  /** Disks to judge at least: each is one that a crash left, opened by a new process. */
  readonly states: number
  /** Of the disks of a scenario only such a share is judged, drawn by the seed. Default 1: every operation, every model. */
  readonly share?: number
  /** Share of the disks on which the power goes again while the first recovery works. Default 0.08. */
  readonly againShare?: number
  /** Changes the file system that a process sees: how tests remove a sync. */
  readonly wrap?: (files: FileSystem) => FileSystem
  /** Only these scenarios. Default: all. */
  readonly scenarios?: (name: string) => boolean
}

export interface ChunkSimulationReport {
  /** Scenarios played to their end. */
  readonly traces: number
  readonly states: number
  /** The seed after the last one used. */
  readonly nextSeed: number
}

/**
 * Saves into the real store over a simulated disk, cuts the power after every operation under every model, opens what is left, and checks every promise ({@link BrokenChunkPromise}).
 *
 * @throws Error naming the broken promise and the seed that shows it again; its `cause` is the {@link BrokenChunkPromise}
 */
export async function simulateChunks(options: ChunkSimulationOptions): Promise<ChunkSimulationReport> {
  const scenarios = chunkScenarios.filter(({ name }) => options.scenarios?.(name) ?? true)
  const catalogs = new CatalogPool()
  let [states, traces, seed] = [0, 0, options.seed]
  for (; states < options.states; seed++) {
    for (const scenario of scenarios) {
      const place = `seed ${seed}, ${scenario.name}`
      try {
        states += await new ChunkTrace(scenario, seed, options, catalogs).run()
        traces++
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error)
        const cause = error instanceof Error && error.cause instanceof BrokenChunkPromise ? error.cause : error
        throw new Error(`${place}: ${what}; replay: npm run torture -- --only chunks --states 1 --seed ${seed}`, { cause })
      }
    }
  }
  await catalogs.close()
  return { traces, states, nextSeed: seed }
}

/** One scenario played once, and the crashes it may end in. */
class ChunkTrace {
  readonly #scenario: ChunkScenario
  readonly #random: SeededRandom
  readonly #options: ChunkSimulationOptions
  readonly #catalogs: CatalogPool
  readonly #index = new MemoryChunkIndex()
  #seeds: number

  constructor(scenario: ChunkScenario, seed: number, options: ChunkSimulationOptions, catalogs: CatalogPool) {
    this.#catalogs = catalogs
    this.#scenario = scenario
    this.#random = seededRandom(seed)
    this.#options = options
    this.#seeds = seed * 1_000_000
  }

  /** Resolves with the number of disks judged. */
  async run(): Promise<number> {
    const { share = 1 } = this.#options
    const random = this.#random
    const before = this.#machine(new SimulatedDisk(), new ChunkFacts())
    await this.#scenario.prepare?.(before, random)
    const last = before.disk.lastOperation
    const machine = this.#machine(new SimulatedDisk(before.disk.stateAfter(last).clone()), before.facts.upTo(last))
    await this.#scenario.work(machine, random)
    let states = 0
    for (const point of crashPoints(machine.disk)) {
      for (const model of crashModels) if (random.bool(share)) states += await this.#crash(machine, point, model)
    }
    return states
  }

  async #crash(before: ChunkMachine, point: number, model: CrashModel): Promise<number> {
    const random = this.#random
    const tearNextWrite = random.bool(0.5)
    const place = `${model} after operation ${point} of ${before.disk.lastOperation}${tearNextWrite ? ', next write torn' : ''}`
    try {
      const machine = this.#machine(crashState(before.disk, point, model, random, { tearNextWrite }), before.facts.upTo(point))
      await judgeChunks(machine, random)
      if (!random.bool(this.#options.againShare ?? 0.08)) return 1
      const again = random.pick(crashPoints(machine.disk))
      return 1 + (await this.#crash(machine, again, random.pick(crashModels)))
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof BrokenChunkPromise ? error.cause : error
      throw new Error(`${place}: ${error instanceof Error ? error.message : String(error)}`, { cause })
    }
  }

  #machine(disk: SimulatedDisk, facts: ChunkFacts): ChunkMachine {
    const random = this.#random
    const { wrap = (files: FileSystem) => files } = this.#options
    return new ChunkMachine({
      disk,
      facts,
      index: random.bool(0.5) ? this.#index : noChunkIndex,
      catalogs: this.#catalogs,
      // What most of the states are spared: to set up a decompressor takes longer than to read what is small.
      compression: { codec: random.bool(0.2) ? 'zstd' : 'none' },
      parity: this.#scenario.parity ?? false,
      nextSeed: () => ++this.#seeds,
      // Processes at work at the same time overtake one another; the operations of one that is alone are not slowed down.
      wrap: files => wrap(this.#scenario.name.includes('concurrent') ? delaying(files, () => this.#wait()) : files),
    })
  }

  async #wait(): Promise<void> {
    for (let turns = this.#random.integer(3); turns > 0; turns--) await turn()
  }
}
