import { type Fault, faultyFiles } from './faulty-files.ts'
import { Schedule } from './schedule.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import { type LogWorld, SimulatedLogProcess, type SimulatedStream } from './simulated-log-process.ts'

/** Processes that work on one disk at a time, interleaved by the seed. */
export class RivalProcesses {
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
    const process = new SimulatedLogProcess(this.#world, this.#schedule.process(label, shaky), random, faulty)
    if (faulty) this.#world.lossy = true
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
  const lanes = random.bool(0.3) ? 2 : 1
  await Promise.all(Array.from({ length: lanes }, () => work(process, streams, random, turns)))
  if (random.bool(0.3)) await process.close()
}

/** One thing after another, as a part of a program does. */
async function work(
  process: SimulatedLogProcess,
  streams: readonly SimulatedStream[],
  random: SeededRandom,
  turns: number,
): Promise<void> {
  for (let turn = 0; turn < turns; turn++) {
    if (process.owned.length === 0 || random.bool(0.3))
      await Promise.all(some(streams, random).map(stream => process.own(stream)))
    if (random.bool(0.2)) await process.refresh()
    if (random.bool(0.15)) await process.read(random.pick(streams))
    if (random.bool(0.1)) await process.sync()
    const appends = some(process.owned, random).map(stream => process.append(stream))
    if (random.bool(0.15)) appends.push(process.append(undefined))
    if (random.bool(0.1)) appends.push(...process.owned.map(stream => process.append(stream)))
    await Promise.all(appends)
  }
}

/** At least one of the list, if there is any. */
function some<T>(list: readonly T[], random: SeededRandom): readonly T[] {
  const chosen = list.filter(() => random.bool(0.4))
  return chosen.length > 0 || list.length === 0 ? chosen : [random.pick(list)]
}

function someFault(random: SeededRandom): Fault {
  const nth = 1 + random.integer(60)
  // The second sync is that of the first batch, where most is at stake.
  const nthOfKind = random.bool(0.3) ? 2 : 1 + random.integer(8)
  switch (random.integer(5)) {
    case 0:
    case 4:
      return { when: operation => operation.kind === 'sync' && operation.nthOfKind === nthOfKind, code: 'EIO' }
    case 1:
      return {
        when: operation => operation.kind === 'write' && operation.nthOfKind === nthOfKind,
        code: 'ENOSPC',
        effect: 'part',
      }
    case 2:
      return {
        when: operation => operation.kind !== 'open' && operation.nth === nth,
        code: 'EIO',
        effect: random.pick(['nothing', 'all']),
      }
    default:
      return { when: operation => operation.nth === nth, code: 'EIO', effect: 'nothing' }
  }
}
