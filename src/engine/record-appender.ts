import type { AppendDurability, AppendPhase, Log, Ownership } from '../log/log.ts'
import type { Clock } from '../model/clock.ts'
import type { Durability } from '../model/durability.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { RunRecord } from '../model/records.ts'
import type { RecordPosition } from '../model/run-view.ts'
import { encodeRunRecord } from './record-codec.ts'

/** How long an announced record may wait for another to go with. */
const announceAfterMs = 20
/** Bytes that go into one commit before the next is begun: far below what the log takes at once. */
const commitTargetBytes = 4 << 20

export interface RecordAppenderOptions {
  readonly log: Log
  readonly ownership: Ownership
  readonly clock: Clock
  /** Of what is appended without saying. */
  readonly durability: Durability
  /** Awaited before the first record that is not `power`. */
  readonly beforeUnsynced: () => Promise<void>
  /** Called for each record that is acknowledged, in the order of the log. */
  readonly onRecorded: (record: RunRecord, position: RecordPosition, durability: AppendDurability) => void
  /** Called for each commit that fails, before those who wait for it hear of it. */
  readonly onFailed: (error: unknown) => void
}

interface Encoded {
  readonly record: RunRecord
  readonly payload: Uint8Array
}

interface PendingAppend {
  readonly records: readonly Encoded[]
  readonly durability: Durability
  readonly timer: OperationTimer | undefined
  resolve(): void
  reject(error: unknown): void
}

/**
 * Appends the records of a run in order, one commit at a time: what comes while one is under way goes together into the next. So a commit that fails takes nothing with it
 * that later ones build on: the records announced in it go with the next, before whatever that holds.
 */
export class RecordAppender {
  readonly #options: RecordAppenderOptions
  readonly #pending: PendingAppend[] = []
  #announced: Encoded[] = []
  #cancelAnnouncing: (() => void) | undefined
  #writing = false

  constructor(options: RecordAppenderOptions) {
    this.#options = options
  }

  /**
   * Puts a record into the log with the next commit, or after a moment (with `exit`, only then): what only says that something began need not cost a sync of its own. It comes before everything that
   * is appended later.
   */
  announce(record: RunRecord): void {
    this.#announced.push(encode(record))
    if (this.#options.durability === 'exit') return
    // Whoever depends on it appends too, and hears of the failure.
    this.#cancelAnnouncing ??= this.#options.clock.after(announceAfterMs, () => void this.append([]).catch(() => {}), {
      background: true,
    })
  }

  /** Resolves when these records and all before are as safe as `durability` says. The timer measures what it waits for. */
  append(
    records: readonly RunRecord[],
    durability: Durability = this.#options.durability,
    timer?: OperationTimer,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const encoded = records.map(encode)
      timer?.enter('log')
      this.#pending.push({ records: encoded, durability, timer, resolve, reject })
      if (!this.#writing) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#writing = true
    // What the same turn of the event loop adds joins the first commit.
    await Promise.resolve()
    while (this.#pending.length > 0) await this.#commit(this.#takeGroup())
    this.#writing = false
  }

  async #commit(appends: readonly PendingAppend[]): Promise<void> {
    const announced = this.#announced
    this.#announced = []
    this.#cancelAnnouncing?.()
    this.#cancelAnnouncing = undefined
    const phases = new AppendPhases(appends)
    try {
      const isPower = appends.some(({ durability }) => durability === 'power')
      const records = [...announced, ...appends.flatMap(append => append.records)]
      await this.#write(records, isPower ? 'power' : 'process', phases.onPhase)
      phases.end()
      for (const append of appends) append.resolve()
    } catch (error) {
      phases.end()
      this.#announced = [...announced, ...this.#announced]
      this.#options.onFailed(error)
      for (const append of appends) append.reject(error)
    }
  }

  async #write(
    records: readonly Encoded[],
    durability: AppendDurability,
    onPhase: ((phase: AppendPhase) => void) | undefined,
  ): Promise<void> {
    if (records.length === 0) return
    const { log, ownership, onRecorded, beforeUnsynced } = this.#options
    if (durability === 'process') await beforeUnsynced()
    const positions = await log.append(
      ownership,
      records.map(({ payload }) => payload),
      durability,
      onPhase,
    )
    for (const [i, { record }] of records.entries()) {
      const position = positions[i]
      if (position !== undefined) onRecorded(record, position, durability)
    }
  }

  #takeGroup(): readonly PendingAppend[] {
    let bytes = 0
    let count = 0
    for (const { records } of this.#pending) {
      if (count > 0 && bytes >= commitTargetBytes) break
      for (const { payload } of records) bytes += payload.length
      count++
    }
    return this.#pending.splice(0, count)
  }
}

/** Measures what appends that go together wait for: each waits for all of it. */
class AppendPhases {
  readonly #timers: readonly OperationTimer[]
  #phase: AppendPhase = 'log'
  /** Undefined: nobody measures. */
  readonly onPhase: ((phase: AppendPhase) => void) | undefined

  constructor(appends: readonly PendingAppend[]) {
    this.#timers = appends.flatMap(({ timer }) => timer ?? [])
    if (this.#timers.length > 0) this.onPhase = phase => this.#change(phase)
  }

  end(): void {
    for (const timer of this.#timers) timer.leave(this.#phase)
  }

  #change(phase: AppendPhase): void {
    for (const timer of this.#timers) timer.change(this.#phase, phase)
    this.#phase = phase
  }
}

const encode = (record: RunRecord): Encoded => ({ record, payload: encodeRunRecord(record) })
