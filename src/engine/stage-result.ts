import type { Codec } from '../format/codec.ts'
import { decodeElements } from '../format/decode-value.ts'
import type { CheckpointRecord } from '../model/checkpoint.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { TableStream } from '../tables/table-stream.ts'
import type { Checkpoint } from './load-checkpoint.ts'
import { streamedTable } from './load-table-stream.ts'
import type { ElementOf, StageResult } from './run.ts'

/** Where a stage's result can be had once it is there. */
export interface StageOutcome<Value> {
  readonly checkpoint: CheckpointRecord | CheckpointView
  /** The encoded value, checked. */
  bytes(): Promise<Uint8Array>
  /** Told of each element that is given out by itself. */
  learn?(element: unknown, index: number): void
  /** With which its elements are decoded. */
  readonly codecs: readonly Codec[]
  value(): Promise<Value>
  /** The value itself, where this attempt made it. */
  readonly fresh?: { readonly value: Value }
}

/** The result of one call of `stage`: settles when the stage is recorded, loads only when asked. */
export class PendingStage<Value> implements StageResult<Value> {
  readonly path: string
  readonly #outcome: Promise<StageOutcome<Value>>
  #observed = false
  #value: Promise<Value> | undefined

  constructor(path: string, outcome: Promise<StageOutcome<Value>>) {
    this.path = path
    this.#outcome = outcome
    // Whoever awaits gets the error; that nobody does is found out when the run ends.
    outcome.catch(() => {})
  }

  get observed(): boolean {
    return this.#observed
  }

  // biome-ignore lint/suspicious/noThenProperty: a stage's result is awaited like a promise, but loads lazily
  then<Fulfilled = Value, Rejected = never>(
    onFulfilled?: ((value: Value) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#value ??= this.outcome().then(outcome => outcome.value())
    return this.#value.then(onFulfilled, onRejected)
  }

  get ref(): Promise<Checkpoint> {
    return this.outcome().then(({ checkpoint }) => {
      const { content: _content, ...facts } = checkpoint
      if (!('record' in facts)) return facts
      const { record: _record, ...others } = facts
      return others
    })
  }

  async *stream(): AsyncIterableIterator<ElementOf<Value>> {
    const outcome = await this.outcome()
    // The type says what the elements are: they were encoded from a value of this type.
    let index = 0
    const given = (element: unknown): ElementOf<Value> => {
      outcome.learn?.(element, index++)
      return element as ElementOf<Value>
    }
    if (streamedTable(outcome.checkpoint) === undefined) {
      for (const element of decodeElements(await outcome.bytes(), { codecs: outcome.codecs })) yield given(element)
    } else for await (const row of rowsOf(await outcome.value())) yield given(row)
  }

  /** The outcome without the value; counts as taking it. */
  outcome(): Promise<StageOutcome<Value>> {
    this.#observed = true
    return this.#outcome
  }
}

function rowsOf(value: unknown): AsyncIterable<unknown> {
  if (value instanceof TableStream) return value
  throw new TypeError('a table whose rows come one by one is no stream')
}
