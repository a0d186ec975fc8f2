import { crashModels, crashPoints, crashState } from './crash-states.ts'
import { BrokenPromise, LogFacts, safetyAfter, survives } from './log-promises.ts'
import { RivalProcesses } from './rival-processes.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { type LogWorld, SimulatedLogProcess, type SimulatedStream, storeRoot } from './simulated-log-process.ts'

export interface LogSimulationOptions {
  /** The first seed; each history of processes has its own, counted up from here. */
  readonly seed: number
  /** Disks to judge at least: each is one that a crash left, taken over and read by a new process. */
  readonly states: number
  /** Share of the histories in which a disk operation fails. Default 0.3. */
  readonly faultShare?: number
}

export interface LogSimulationReport {
  /** Histories of processes. */
  readonly histories: number
  readonly states: number
  /** The seed after the last one used. */
  readonly nextSeed: number
}

/**
 * Runs the log on files over a simulated disk: several processes take streams from one another, append, are stopped, killed, and
 * their disk operations fail; after any operation the power may go, and again while a successor recovers. Whatever the log told
 * one of them is checked against what it tells the next.
 *
 * @throws Error naming the broken promise and the seed that shows it again: `simulateLog({ seed, states: 1 })`
 */
export async function simulateLog(options: LogSimulationOptions): Promise<LogSimulationReport> {
  let states = 0
  let seed = options.seed
  for (; states < options.states; seed++) {
    try {
      states += await new LogHistory(seed, options.faultShare ?? 0.3).run()
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${seed}: ${what}; replay: npm run torture -- --only log --states 1 --seed ${seed}`, { cause: error })
    }
  }
  return { histories: seed - options.seed, states, nextSeed: seed }
}

const emptyStore = (async () => {
  const disk = new SimulatedDisk()
  const files = disk.process('setup')
  for (const folder of ['segments', 'claims']) await files.makeDirectory(`${storeRoot}/${folder}`)
  await files.syncDirectory(storeRoot)
  await files.syncDirectory('/')
  return disk.stateAfter(disk.lastOperation).clone()
})()

/** Crashes tried of one history of processes, and of the recovery after each. */
const crashesPerHistory = 12
const crashesPerRecovery = 2

/** One history of processes and the crashes it may end in. */
class LogHistory {
  readonly #random: SeededRandom
  readonly #faultShare: number
  #names = 0

  constructor(seed: number, faultShare: number) {
    this.#random = seededRandom(seed)
    this.#faultShare = faultShare
  }

  /** Resolves with the number of disks judged. */
  async run(): Promise<number> {
    const random = this.#random
    const streams = Array.from({ length: 1 + random.integer(3) }, (_, i) => ({
      name: random.bool(0.5) ? `given${i}` : `random${i}`,
      random: false,
      created: false,
      segment: undefined,
      attempts: 0,
      attempting: 0,
    })).map(stream => ({ ...stream, random: stream.name.startsWith('random') }))
    const world = this.#world(new SimulatedDisk((await emptyStore).clone()), new LogFacts(), streams)
    await new RivalProcesses(world, random).run(1 + random.integer(3), 2 + random.integer(4), random.bool(this.#faultShare))
    let states = 0
    for (const point of this.#points(world.disk, crashesPerHistory)) states += await this.#crash(world, point, 2)
    return states
  }

  /** The power goes after this operation, or only the processes; then somebody recovers, which may be interrupted again. */
  async #crash(before: LogWorld, point: number, again: number): Promise<number> {
    const random = this.#random
    const model = random.bool(0.3) ? 'random-sectors' : random.pick(crashModels)
    const disk = crashState(before.disk, point, model, random, { tearNextWrite: random.bool(0.5) })
    const powerCut = model !== 'everything'
    const world = this.#world(disk, before.facts.after(point, powerCut), before.streams, before, point, powerCut)
    const place = `${model} after operation ${point} of ${before.disk.lastOperation}`
    try {
      if (again > 0 && random.bool(0.15)) await new RivalProcesses(world, random).run(2, 2, false)
      await this.#judge(world)
      let states = 1
      if (again === 0) return states
      for (const next of this.#points(disk, random.integer(crashesPerRecovery + 1)))
        states += await this.#crash(world, next, again - 1)
      return states
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error
      const { promise, message } = error
      throw Object.assign(new BrokenPromise(promise, ''), { message: `${message}; ${place}` })
    }
  }

  /**
   * A process without rivals takes everything over, appends, and finds what all before it were promised; so does a reader after a
   * last power cut.
   */
  async #judge(world: LogWorld): Promise<void> {
    const random = this.#random
    const heir = new SimulatedLogProcess(world, world.disk.process('heir'), random)
    await heir.readAll()
    for (const stream of world.streams) {
      if (stream.random && !stream.created) continue
      const owned = await heir.own(stream)
      if (!owned && !(stream.random && !world.facts.isKnown(stream.name))) {
        throw new BrokenPromise('goesOn', `${stream.name} cannot be taken over by a process without rivals`)
      }
      if (owned && random.bool(0.5)) await heir.append(stream)
    }
    if (random.bool(0.3)) await heir.append(undefined)
    const last = world.disk.lastOperation
    const disk = crashState(world.disk, last, random.bool(0.5) ? 'only-synced' : 'random-sectors', random)
    const after = this.#world(disk, world.facts.after(last, true), world.streams, world, last, true)
    const reader = new SimulatedLogProcess(after, disk.process('reader'), random)
    await reader.readAll()
    for (const stream of after.streams) {
      if (!after.facts.isKnown(stream.name)) continue
      await reader.readAt(await reader.read(stream))
    }
  }

  /**
   * Some of the operations a crash may follow, in order; those that make a name more often, for much hangs on whether that
   * survives.
   */
  #points(disk: SimulatedDisk, count: number): readonly number[] {
    const random = this.#random
    const all = crashPoints(disk)
    const names = disk.operations.filter(operation => operation.effect?.kind === 'make').map(operation => operation.number)
    const pick = () => random.pick(names.length > 0 && random.bool(0.3) ? names : all)
    return [...new Set(Array.from({ length: count }, pick))].sort((a, b) => a - b)
  }

  /** What there is on a disk, and what those who work on it know from before the crash after `operation`. */
  #world(
    disk: SimulatedDisk,
    facts: LogFacts,
    streams: readonly SimulatedStream[],
    before?: LogWorld,
    operation = 0,
    powerCut = false,
  ): LogWorld {
    const witnessed = Array.from(before?.witnessed ?? [], ([segment, known]) => {
      const ends = known.filter(mark => mark.operation <= operation).map(mark => ({ ...mark, operation: 0 }))
      return [segment, ends] as const
    })
    const positions = (before?.positions ?? []).filter(known => survives(known, operation, powerCut))
    const segmentOf = (stream: SimulatedStream) => positions.findLast(known => known.stream === stream.name)?.position.segment
    return {
      disk,
      facts,
      streams: streams.map(stream => ({ ...stream, segment: segmentOf(stream), attempts: 0, attempting: 0 })),
      witnessed: new Map(witnessed),
      positions: positions.map(known => ({ ...known, operation: 0, safety: safetyAfter(known.safety, operation) })),
      lossy: false,
      nextName: () => `r${++this.#names}`,
    }
  }
}
