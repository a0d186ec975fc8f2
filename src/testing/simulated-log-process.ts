import type { FileSystem } from '../files/file-system.ts'
import { FileLog } from '../log/file-log.ts'
import type { FoundRecord, Ownership, StoredRecord } from '../log/log.ts'
import { type ErrorCode, isWaymarkError } from '../model/errors.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { FakeClock } from './fake-clock.ts'
import { BrokenPromise, contentOf, type Durable, type LogFacts } from './log-promises.ts'
import { sealsOfTests } from './sealed-by-tests.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'
import type { SimulatedDisk } from './simulated-disk.ts'

/** Where the store lies on the simulated disk. */
export const storeRoot = '/store'
const storeId = 'simulated0store0simulated0'

/** A stream as all processes of a simulation know it. */
export interface SimulatedStream {
  readonly name: string
  /** Drawn at random: it is made by `create`. Otherwise everybody knows its name and takes it over. */
  readonly random: boolean
  created: boolean
  /** A segment that holds records of it: what a catalog would know. Only of random ones. */
  segment: string | undefined
  /** Attempts to own it that began, on this disk. */
  attempts: number
  /** Those of them that have not ended; a killed process's never do. */
  attempting: number
}

/** What the processes on one disk share. */
export interface LogWorld {
  readonly disk: SimulatedDisk
  readonly facts: LogFacts
  readonly streams: readonly SimulatedStream[]
  /** Bytes of each segment that a catalog may know to be durable, and since which operation. */
  readonly witnessed: Map<string, { readonly end: number; readonly operation: number }[]>
  /** Where acknowledged records are. */
  readonly positions: {
    readonly operation: number
    readonly name: string
    readonly stream: string
    readonly position: RecordPosition
    readonly safety: Durable
  }[]
  /** Set when disk operations fail on purpose: bytes that were read may be gone. */
  lossy: boolean
  /** Draws names that were never used in this simulation, before or after a crash. */
  readonly nextName: () => string
}

interface Owned {
  readonly stream: SimulatedStream
  readonly ownership: Ownership
  /** Whether anybody else may have claimed the stream since this attempt to own it began. */
  readonly hasRival: () => boolean
}

const diskErrors: ReadonlySet<ErrorCode> = new Set(['disk_full', 'unavailable', 'limit'])

/** A process with a log of its own. Everything the log tells it is checked against the facts of the world. */
/** Payloads are a few to some hundreds of bytes: of each history some are left in the log. */
const leave = { aboveBytes: 16, keptBytes: 60, mostBytes: 150, shortBytes: 8 }

export class SimulatedLogProcess {
  readonly log: FileLog
  readonly #world: LogWorld
  /** Operations of its file system fail on purpose: errors that say so are then right. */
  readonly #faulty: boolean
  readonly #random: SeededRandom
  readonly #owned = new Map<string, Owned>()
  /** Share of its appends that do not wait for the disk. */
  readonly #lazyShare: number
  readonly #clock = new FakeClock()
  /** What it was acknowledged and has not synced yet. */
  #unsynced: { readonly owned: Owned | undefined; readonly safety: Durable }[] = []

  constructor(world: LogWorld, files: FileSystem, random: SeededRandom, faulty = false) {
    this.#world = world
    this.#faulty = faulty
    this.#random = random
    this.#lazyShare = random.pick([0, 0.5, 0.9])
    this.log = new FileLog({
      files,
      root: storeRoot,
      storeId,
      clock: this.#clock,
      random: seededRandom(random.integer(2 ** 40)),
      leave,
      seals: sealsOfTests,
      witness: async segment => Math.max(0, ...(world.witnessed.get(segment) ?? []).map(({ end }) => end)),
      onCommitted: ({ segment, durableEnd: end }) => {
        const known = world.witnessed.get(segment) ?? []
        world.witnessed.set(segment, [...known, { end, operation: world.disk.lastOperation }])
      },
    })
  }

  get owned(): readonly SimulatedStream[] {
    return Array.from(this.#owned.values(), owned => owned.stream)
  }

  /** Becomes the owner of the stream; false if a rival was faster, the disk failed, or nobody could know the stream. */
  async own(stream: SimulatedStream): Promise<boolean> {
    const { facts, disk } = this.#world
    if (stream.random && !stream.created) {
      stream.created = true
      const hasRival = rivalsOf(stream)
      this.#owned.set(stream.name, { stream, ownership: await this.log.create(stream.name), hasRival })
      return true
    }
    if (stream.random && stream.segment === undefined) return false
    const hasRival = rivalsOf(stream)
    stream.attempting++
    const found = await this.#allowing(() => this.#beginOrTakeOver(stream), hasRival)
    stream.attempting--
    if (found === undefined) return false
    const { ownership, history } = found
    const operation = disk.lastOperation
    const records = await this.#allowing(() => this.#whole(history.records))
    if (records === undefined) return false
    facts.takeOver(operation, stream.name, ownership.token, records, this.#world.lossy)
    this.#owned.set(stream.name, { stream, ownership, hasRival })
    return true
  }

  async #beginOrTakeOver({ name, random, segment }: SimulatedStream) {
    const ownership = random || this.#random.bool(0.5) ? undefined : await this.log.begin(name)
    return ownership ? { ownership, history: { records: [] } } : this.log.takeOver(name, segment)
  }

  /** Appends to a stream it owns, or to the free one; true if that was acknowledged. */
  async append(stream: SimulatedStream | undefined): Promise<boolean> {
    const { facts, disk, nextName, positions } = this.#world
    const owned = stream && this.#owned.get(stream.name)
    if (stream && !owned) return false
    const count = 1 + this.#random.integer(this.#random.bool(0.3) ? 4 : 1)
    const names = Array.from({ length: count }, nextName)
    const contents = new Map(names.map(name => [name, contentOf(name, this.#length())]))
    const durability = owned && this.#random.bool(this.#lazyShare) ? 'process' : 'power'
    const records = facts.issue(stream?.name ?? '', contents)
    const payloads = records.map(record => record.bytes)
    const places = await this.#allowing(
      () => (owned ? this.log.append(owned.ownership, payloads, durability) : this.log.appendFree(payloads)),
      owned?.hasRival,
      () => owned && this.#owned.delete(owned.stream.name),
    )
    if (places === undefined) return false
    const safety = { syncedAt: durability === 'power' ? disk.lastOperation : undefined, fragile: this.#faulty }
    if (durability === 'power') this.#synced(owned)
    else this.#unsynced.push({ owned, safety })
    facts.acknowledge(disk.lastOperation, records, owned?.ownership, owned?.ownership.token ?? 0, safety)
    // After a failed sync a copy takes the place of what no sync had covered: others learn of that from the history.
    const mayMove = safety.fragile && durability === 'process'
    for (const [i, position] of mayMove ? [] : places.entries()) {
      const name = records[i]?.name ?? ''
      positions.push({ operation: disk.lastOperation, name, stream: stream?.name ?? '', position, safety })
    }
    if (owned) owned.stream.segment = places[0]?.segment
    return true
  }

  /** Asks that everything acknowledged be durable, or lets so much time pass that the log sees to it by itself. */
  async sync(): Promise<void> {
    if (this.#random.bool(0.5)) return this.#clock.advance(2_000)
    const [...before] = this.#unsynced
    if ((await this.#allowing(async () => [await this.log.sync()])) === undefined) return
    // On a disk that fails, what a rival has not read before may be gone: nothing is written again for an owner that was replaced.
    const holds = ({ owned }: { readonly owned: Owned | undefined }): boolean => !this.#faulty || owned?.hasRival() === false
    for (const { safety } of before.filter(holds)) safety.syncedAt ??= this.#world.disk.lastOperation
  }

  /** What is acknowledged as safe from a power cut covers all before it: on a disk that fails, of the same owner. */
  #synced(owned: Owned | undefined): void {
    const covers = (one: { readonly owned: Owned | undefined }): boolean => !this.#faulty || one.owned === owned
    for (const one of this.#unsynced) if (covers(one)) one.safety.syncedAt = this.#world.disk.lastOperation
    this.#unsynced = this.#unsynced.filter(one => !covers(one))
  }

  /** Reads a stream without owning it. */
  async read(stream: SimulatedStream): Promise<readonly StoredRecord[]> {
    const { facts, disk } = this.#world
    if (stream.random && stream.segment === undefined) return []
    const from = disk.lastOperation
    const { attempts, attempting } = stream
    const history = await this.#allowing(() => this.log.history(stream.name, stream.segment))
    const records = history && (await this.#allowing(() => this.#whole(history.records)))
    if (records === undefined) return []
    // With a take-over under way the end of the history is provisional: what is read last may be what that just excludes.
    const provisional = attempting > 0 || stream.attempts > attempts
    facts.read(from, stream.name, records, this.#world.lossy || provisional)
    return records
  }

  /**
   * Reads every segment, as a catalog does: from now on one of those in which a stream was seen is where others look for it
   * first.
   */
  async refresh(): Promise<void> {
    await this.#allowing(() => this.#readSegments())
  }

  /** As `refresh`, and checks the free records: where nobody else writes. */
  async readAll(): Promise<void> {
    const records = await this.#readSegments()
    this.#world.facts.seeFree(records.filter(record => record.stream === ''))
  }

  async #readSegments(): Promise<readonly StoredRecord[]> {
    const records: StoredRecord[] = []
    for (const segment of await this.log.segments()) {
      const { damage, batches } = await this.log.tail(segment, 0)
      if (damage) throw new BrokenPromise('intact', `${segment} is called damaged at ${damage.offset}: ${damage.reason}`)
      for (const batch of batches) records.push(...batch.records)
    }
    for (const stream of this.#world.streams) {
      const seen = records.filter(record => record.stream === stream.name)
      if (stream.random && seen.length > 0) stream.segment = this.#random.pick(seen).position.segment
    }
    return records
  }

  /** Reads some acknowledged records, and some of a history, at their positions. */
  async readAt(records: readonly StoredRecord[]): Promise<void> {
    const { facts, positions } = this.#world
    const acknowledged = positions.slice(-3)
    const counted = records.slice(-5).map(({ stream, payload, position }) => ({ name: nameOf(payload), stream, position }))
    for (const { name, stream, position } of [...acknowledged, ...counted]) {
      try {
        const found = await this.log.read(position)
        facts.compare(stream, name, found.payload)
      } catch (error) {
        if (!isWaymarkError(error, 'corrupt')) throw error
        throw new BrokenPromise('readable', `${name} of ${stream}: ${error.message}`)
      }
    }
  }

  async close(): Promise<void> {
    await this.#allowing(() => this.log.close())
  }

  /** With the payloads that were left in the log. */
  async #whole(records: readonly FoundRecord[]): Promise<readonly StoredRecord[]> {
    const whole: StoredRecord[] = []
    for (const record of records)
      whole.push({ ...record, payload: record.payload ?? (await this.log.read(record.position)).payload })
    return whole
  }

  #length(): number {
    return this.#random.bool(0.1) ? this.#random.integer(1500) : this.#random.integer(20)
  }

  /** Does it; undefined if it was refused with good reason. */
  async #allowing<T>(
    act: () => Promise<T>,
    hasRival: () => boolean = () => false,
    onFenced: () => unknown = () => {},
  ): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      if (isWaymarkError(error, 'fenced')) {
        if (!hasRival()) throw new BrokenPromise('unrivalled', error.message)
        onFenced()
        return undefined
      }
      if (this.#faulty && isWaymarkError(error) && diskErrors.has(error.code)) return undefined
      if (isWaymarkError(error)) throw new BrokenPromise('intact', `${error.code}: ${error.message}`)
      throw error
    }
  }
}

/** To be called when an attempt to own the stream begins. */
function rivalsOf(stream: SimulatedStream): () => boolean {
  const contended = stream.attempting > 0
  const attempt = ++stream.attempts
  return () => contended || stream.attempts > attempt
}

const nameOf = (payload: Uint8Array): string => Buffer.from(payload).toString('latin1').split('|', 1)[0] ?? ''
