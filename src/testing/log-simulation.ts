import { crashModels, crashPoints, crashState } from './crash-states.ts'
import { faultyFiles } from './faulty-files.ts'
import type { Fault } from './faulty-files.ts'
import { BrokenPromise, LogFacts } from './log-promises.ts'
import { Schedule } from './schedule.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { type LogWorld, SimulatedLogProcess, type SimulatedStream, storeRoot } from './simulated-log-process.ts'

export interface LogSimulationOptions {
  /** The first seed; each history of processes has its own, counted up from here. */
  readonly seed: number
  /** Disks to judge at least: each is one that a crash left, taken over and read by a new process. */
  readonly states: number
}

export interface LogSimulationReport {
  /** Histories of processes. */
  readonly histories: number
  readonly states: number
  /** The seed after the last one used. */
  readonly nextSeed: number
}

/**
 * Runs the log on files over a simulated disk: several processes take streams from one another, append, are stopped, killed, and their disk operations fail;
 * after any operation the power may go, and again while a successor recovers. Whatever the log told one of them is checked against what it tells the next.
 *
 * @throws Error naming the broken promise and the seed that shows it again: `simulateLog({ seed, states: 1 })`
 */
export async function simulateLog(options: LogSimulationOptions): Promise<LogSimulationReport> {
  let states = 0
  let seed = options.seed
  for (; states < options.states; seed++) {
    try {
      states += await new LogHistory(seed).run()
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      throw new Error(`seed ${seed}: ${what}; replay: npm run torture -- --states 1 --seed ${seed}`, { cause: error })
    }
  }
  return { histories: seed - options.seed, states, nextSeed: seed }
}

const emptyStore = await (async () => {
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
  #names = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
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
    const world = this.#world(new SimulatedDisk(emptyStore.clone()), new LogFacts(), streams)
    await new RivalProcesses(world, random).run(1 + random.integer(3), 2 + random.integer(4), random.bool(0.3))
    let states = 0
    for (const point of this.#points(world.disk, crashesPerHistory)) states += await this.#crash(world, point, 2)
    return states
  }

  /** The power goes after this operation, or only the processes; then somebody recovers, which may be interrupted again. */
  async #crash(before: LogWorld, point: number, again: number): Promise<number> {
    const random = this.#random
    const model = random.pick(crashModels)
    const disk = crashState(before.disk, point, model, random, { tearNextWrite: random.bool(0.5) })
    const world = this.#world(disk, before.facts.after(point), before.streams, before, point)
    const place = `${model} after operation ${point} of ${before.disk.lastOperation}`
    try {
      if (again > 0 && random.bool(0.15)) await new RivalProcesses(world, random).run(2, 2, false)
      await this.#judge(world)
      let states = 1
      if (again === 0) return states
      for (const next of this.#points(disk, random.integer(crashesPerRecovery + 1))) states += await this.#crash(world, next, again - 1)
      return states
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error
      const { promise, message } = error
      throw Object.assign(new BrokenPromise(promise, ''), { message: `${message}; ${place}` })
    }
  }

  /** A process without rivals takes everything over, appends, and finds what all before it were promised; so does a reader after a last power cut. */
  async #judge(world: LogWorld): Promise<void> {
    const random = this.#random
    const heir = new SimulatedLogProcess(world, world.disk.process('heir'), random)
    await heir.readSegments()
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
    const after = this.#world(disk, world.facts.after(last), world.streams, world, last)
    const reader = new SimulatedLogProcess(after, disk.process('reader'), random)
    await reader.readSegments()
    for (const stream of after.streams) {
      if (!after.facts.isKnown(stream.name)) continue
      await reader.readAt(await reader.read(stream))
    }
  }

  /** Some of the operations a crash may follow, in order. */
  #points(disk: SimulatedDisk, count: number): readonly number[] {
    const points = crashPoints(disk)
    const chosen = new Set(Array.from({ length: count }, () => this.#random.pick(points)))
    return [...chosen].sort((a, b) => a - b)
  }

  /** What there is on a disk, and what those who work on it know from before the crash after `operation`. */
  #world(disk: SimulatedDisk, facts: LogFacts, streams: readonly SimulatedStream[], before?: LogWorld, operation = 0): LogWorld {
    const witnessed = Array.from(before?.witnessed ?? [], ([segment, known]) => {
      const ends = known.filter(mark => mark.operation <= operation).map(mark => ({ ...mark, operation: 0 }))
      return [segment, ends] as const
    })
    const positions = (before?.positions ?? []).filter(known => known.operation <= operation)
    const segmentOf = (stream: SimulatedStream) => positions.findLast(known => known.stream === stream.name)?.position.segment
    return {
      disk,
      facts,
      streams: streams.map(stream => ({ ...stream, segment: segmentOf(stream), attempts: 0, attempting: 0 })),
      witnessed: new Map(witnessed),
      positions: positions.map(known => ({ ...known, operation: 0 })),
      nextName: () => `r${++this.#names}`,
    }
  }
}

/** Processes that work on one disk at a time, interleaved by the seed. */
class RivalProcesses {
  readonly #world: LogWorld
  readonly #random: SeededRandom
  readonly #schedule: Schedule
  readonly #running = new Map<string, SimulatedLogProcess>()
  readonly #stopped = new Set<string>()
  #started = 0
  #allDone: () => void = () => {}
  #failed: (error: unknown) => void = () => {}

  constructor(world: LogWorld, random: SeededRandom) {
    this.#world = world
    this.#random = random
    this.#schedule = new Schedule({ delayAnswers: random.bool(0.3) })
  }

  async run(processes: number, turns: number, faults: boolean): Promise<void> {
    const random = this.#random
    const untilDone = new Promise<void>((resolve, reject) => {
      this.#allDone = resolve
      this.#failed = reject
    })
    const faulty = faults ? random.integer(processes) : -1
    for (let i = 0; i < processes; i++) this.#start(turns, i === faulty)
    const stops = random.pick([0, 0.02, 0.1])
    const kills = random.pick([0, 0, 0.01])
    await this.#schedule.run(random, {
      untilDone,
      beforeStep: () => {
        if (random.bool(stops)) this.#stopOrContinue()
        if (random.bool(kills)) this.#kill(turns)
      },
      whenIdle: () => this.#continueAll(),
    })
  }

  #start(turns: number, faulty: boolean): void {
    const label = `p${++this.#started}`
    const { disk } = this.#world
    const random = seededRandom(this.#random.integer(2 ** 40))
    const files = disk.process(label)
    const shaky = faulty ? faultyFiles(files, [someFault(random)], { disk, random }) : files
    const process = new SimulatedLogProcess(this.#world, this.#schedule.process(label, shaky), random)
    process.faulty = faulty
    this.#running.set(label, process)
    live(process, this.#world.streams, random, turns).then(() => this.#ended(label), this.#failed)
  }

  #ended(label: string): void {
    this.#running.delete(label)
    this.#stopped.delete(label)
    if (this.#running.size === 0) this.#allDone()
  }

  #stopOrContinue(): void {
    const label = this.#random.pick([...this.#running.keys()])
    if (this.#stopped.delete(label)) return this.#schedule.continue(label)
    this.#stopped.add(label)
    this.#schedule.stop(label)
  }

  #continueAll(): boolean {
    const any = this.#stopped.size > 0
    for (const label of this.#stopped) this.#schedule.continue(label)
    this.#stopped.clear()
    return any
  }

  /** kill -9; another takes its place. */
  #kill(turns: number): void {
    if (this.#started > 4) return
    const label = this.#random.pick([...this.#running.keys()])
    this.#schedule.kill(label)
    this.#world.disk.kill(label)
    this.#start(turns, false)
    this.#ended(label)
  }
}

/** What a process does with its life. */
async function live(
  process: SimulatedLogProcess,
  streams: readonly SimulatedStream[],
  random: SeededRandom,
  turns: number,
): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (process.owned.length === 0 || random.bool(0.3)) await Promise.all(some(streams, random).map(stream => process.own(stream)))
    if (random.bool(0.15)) await process.read(random.pick(streams))
    const appends = some(process.owned, random).map(stream => process.append(stream))
    if (random.bool(0.15)) appends.push(process.append(undefined))
    if (random.bool(0.1)) appends.push(...process.owned.map(stream => process.append(stream)))
    await Promise.all(appends)
  }
  if (random.bool(0.3)) await process.close()
}

/** At least one of the list, if there is any. */
function some<T>(list: readonly T[], random: SeededRandom): readonly T[] {
  const chosen = list.filter(() => random.bool(0.4))
  return chosen.length > 0 || list.length === 0 ? chosen : [random.pick(list)]
}

function someFault(random: SeededRandom): Fault {
  const nth = 1 + random.integer(60)
  const nthOfKind = 1 + random.integer(8)
  switch (random.integer(4)) {
    case 0:
      return { when: operation => operation.kind === 'sync' && operation.nthOfKind === nthOfKind, code: 'EIO' }
    case 1:
      return { when: operation => operation.kind === 'write' && operation.nthOfKind === nthOfKind, code: 'ENOSPC', effect: 'part' }
    case 2:
      return { when: operation => operation.kind !== 'open' && operation.nth === nth, code: 'EIO', effect: random.pick(['nothing', 'all']) }
    default:
      return { when: operation => operation.nth === nth, code: 'EIO', effect: 'nothing' }
  }
}
