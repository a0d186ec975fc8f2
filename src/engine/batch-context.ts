import type { Attempt } from './attempt.ts'
import { type EventArguments, type EventOptions, type EventVerbs, eventVerbs, type QualityMeasures } from './event-verbs.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { ItemCall } from './item-context.ts'
import type { RecordArguments } from './record-stream-verbs.ts'
import type { BatchContext, Logger, Skipped } from './run.ts'

interface NamedUnit {
  readonly index: number
  readonly key: string | undefined
}

/** What one call for a batch is given. */
export class BatchCall implements BatchContext {
  readonly #call: ItemCall
  readonly #telling: EventVerbs
  readonly #stage: string
  readonly #units: readonly NamedUnit[]

  constructor(attempt: Attempt, stage: string, units: readonly NamedUnit[], call: number, signal: AbortSignal) {
    const [first] = units
    this.#call = new ItemCall(attempt, stage, first?.index ?? 0, first?.key, call, signal)
    this.#telling = eventVerbs(attempt.events, stage)
    this.#stage = stage
    this.#units = units
  }

  get run(): string {
    return this.#call.run
  }

  get attempt(): number {
    return this.#call.attempt
  }

  get path(): string {
    return this.#stage
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get log(): Logger {
    return this.#call.log
  }

  get call(): number {
    return this.#call.call
  }

  get keys(): readonly string[] {
    return this.#units.map(({ key, index }) => key ?? String(index))
  }

  get indexes(): readonly number[] {
    return this.#units.map(({ index }) => index)
  }

  get idempotencyKeys(): readonly string[] {
    return this.keys.map(key => idempotencyKey(this.run, this.#stage, key))
  }

  event<Type extends string>(type: Type, ...rest: EventArguments<Type>): Promise<void> {
    return this.#telling.event(type, ...rest)
  }

  metric(name: string, value: number, unit?: string): Promise<void> {
    return this.#telling.metric(name, value, unit)
  }

  quality(measures: QualityMeasures, options?: EventOptions): Promise<void> {
    return this.#telling.quality(measures, options)
  }

  /** Of the first item of the batch: it counts as long as that is recorded by this call. */
  record<Stream extends string>(stream: Stream, ...rest: RecordArguments<Stream>): Promise<void> {
    return this.#call.record(stream, ...rest)
  }

  skip(reason?: string): Skipped {
    return this.#call.skip(reason)
  }

  fail(error: unknown): Error {
    return this.#call.fail(error)
  }

  retry(options: { readonly afterMs?: number; readonly cause?: unknown } = {}): Error {
    return this.#call.retry(options)
  }
}
