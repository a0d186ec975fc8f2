import { itemPath } from '../model/scope.ts'
import type { Attempt, ScopeVerbs } from './attempt.ts'
import { type EventArguments, type EventOptions, type EventVerbs, eventVerbs, type QualityMeasures } from './event-verbs.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { recordStreamVerbs } from './record-stream-recorder.ts'
import type { RecordArguments } from './record-stream-verbs.ts'
import { FinalFailure, RetryRequest } from './retry.ts'
import type { ItemContext, Logger, Skipped } from './run.ts'
import { scopeLogger } from './stage.ts'
import { ValueDraws } from './value-draws.ts'

/** The one value `ctx.skip()` returns; what it was skipped for is told, not kept in it. */
const skippedMark: object = Object.freeze({ skipped: true })

export const isSkipped = (value: unknown): value is Skipped => value === skippedMark

/** One is made for every call, so it holds little and works everything else out when asked. */
export class ItemCall implements ItemContext {
  readonly #attempt: Attempt
  readonly #stage: string
  readonly #key: string | undefined
  #draws: ValueDraws | undefined
  readonly index: number
  readonly call: number
  readonly signal: AbortSignal

  constructor(attempt: Attempt, stage: string, index: number, key: string | undefined, call: number, signal: AbortSignal) {
    this.#attempt = attempt
    this.#stage = stage
    this.#key = key
    this.index = index
    this.call = call
    this.signal = signal
  }

  get key(): string {
    return this.#key ?? String(this.index)
  }

  get run(): string {
    return this.#attempt.facts.run
  }

  get attempt(): number {
    return this.#attempt.facts.attempt
  }

  get path(): string {
    return itemPath(this.#stage, this.key)
  }

  get log(): Logger {
    return scopeLogger(this.#attempt, this.path)
  }

  get idempotencyKey(): string {
    return idempotencyKey(this.run, this.#stage, this.key)
  }

  get stage(): ScopeVerbs['stage'] {
    return this.#attempt.verbs(this.path, this.signal).stage
  }

  get each(): ScopeVerbs['each'] {
    return this.#attempt.verbs(this.path, this.signal).each
  }

  now(name?: string): number {
    return this.#drawing.now(name)
  }

  uuid(name?: string): string {
    return this.#drawing.uuid(name)
  }

  random(name?: string): number {
    return this.#drawing.random(name)
  }

  get #drawing(): ValueDraws {
    this.#draws ??= new ValueDraws(this.#attempt, this.path)
    return this.#draws
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

  record<Stream extends string>(stream: Stream, ...rest: RecordArguments<Stream>): Promise<void> {
    return recordStreamVerbs(this.#attempt.streams, this.#stage, this.key).record(stream, ...rest)
  }

  get #telling(): EventVerbs {
    return eventVerbs(this.#attempt.events, this.#stage, this.key)
  }

  skip(reason?: string): Skipped {
    if (reason !== undefined) this.log.info(`skipped ${this.path}: ${reason}`)
    // The type has no members anybody could read; its only value is this mark.
    return skippedMark as Skipped
  }

  fail(error: unknown): Error {
    return new FinalFailure(error)
  }

  retry(options: { readonly afterMs?: number; readonly cause?: unknown } = {}): Error {
    return new RetryRequest(options.afterMs, options.cause)
  }
}
