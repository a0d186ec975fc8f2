import { describe } from '../model/describe.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import type { CallbackPosition, OutputPosition } from '../model/output-position.ts'
import { type ItemOutput, type ItemTarget, type OutputContext, type OutputItem, targetBrand } from './item-target.ts'
import { outputChanged } from './output-faults.ts'
import { roughSize } from './rough-size.ts'

/** A result, as a callback gets it. */
export interface CallbackRow<T> extends OutputItem {
  readonly value: T
}

/** What a callback knows besides the results. */
export interface CallbackContext {
  readonly run: string
  readonly stage: string
  /** Results that earlier calls took and that are recorded. */
  readonly before: number
}

export interface CallbackOptions {
  /** How messages and records name it. Default `callback`. */
  readonly name?: string | undefined
}

/** What a result needs in memory beside its value, about. */
const bytesPerRow = 256

/**
 * An output that hands the results of each save to a function. They are recorded when the promise it returned is fulfilled, so a result comes at least once: after a crash in between, again with the same
 * `idempotencyKey`. A service that takes each key once gets each result exactly once.
 *
 * @example
 * callback<{ id: string }>(async rows => {
 *   for (const { value, idempotencyKey } of rows) await postTotal(value, { key: idempotencyKey })
 * }, { name: 'crm' })
 * @throws WaymarkError `invalid` if it is no function, or the name no text
 */
export function callback<T = unknown>(
  fn: (rows: readonly CallbackRow<T>[], ctx: CallbackContext) => unknown,
  options: CallbackOptions = {},
): ItemTarget<T> {
  const { name = 'callback' } = options ?? {}
  if (typeof fn !== 'function' || typeof name !== 'string' || name === '') {
    throw new WaymarkError('invalid', {
      message:
        typeof fn === 'function' ? 'the name of a callback is no text' : `callback was given ${describe(fn)}, not a function`,
      means: 'Nothing was run.',
      remedy: "Pass the function that takes the results: callback(async rows => { … }, { name: 'crm' }).",
    })
  }
  const given: (rows: readonly CallbackRow<never>[], ctx: CallbackContext) => unknown = fn
  const target: ItemTarget<T> = {
    [targetBrand]: true,
    shown: name,
    place: () => `callback:${name}`,
    begin: async () => ({ kind: 'callback', path: name, count: 0 }),
    open: async (context, position) => ({
      output: new CallbackOutput(context, callbackPosition(position, name, context.stage), (rows, ctx) =>
        Reflect.apply(given, undefined, [rows, ctx]),
      ),
    }),
  }
  return Object.freeze(target)
}

class CallbackOutput implements ItemOutput {
  readonly #context: OutputContext
  readonly #call: (rows: readonly CallbackRow<unknown>[], ctx: CallbackContext) => unknown
  #position: CallbackPosition
  #pending: CallbackRow<unknown>[] = []
  #pendingBytes = 0
  #broken: unknown

  constructor(
    context: OutputContext,
    position: CallbackPosition,
    call: (rows: readonly CallbackRow<unknown>[], ctx: CallbackContext) => unknown,
  ) {
    this.#context = context
    this.#position = position
    this.#call = call
  }

  get position(): CallbackPosition {
    return this.#position
  }

  get pendingBytes(): number {
    return this.#pendingBytes
  }

  add(value: unknown, { index, key, idempotencyKey }: OutputItem): void {
    if (this.#broken !== undefined) throw this.#broken
    this.#pending.push({ value, index, key, idempotencyKey })
    this.#pendingBytes += bytesPerRow + roughSize(value)
  }

  async flush(): Promise<CallbackPosition> {
    if (this.#broken !== undefined) throw this.#broken
    const rows = this.#pending
    this.#pending = []
    this.#pendingBytes = 0
    if (rows.length === 0) return this.#position
    const { run, stage } = this.#context
    try {
      await this.#call(rows, { run, stage, before: this.#position.count })
    } catch (error) {
      this.#broken = failed(error, this.#position.path, rows.length)
      throw this.#broken
    }
    this.#position = { ...this.#position, count: this.#position.count + rows.length }
    return this.#position
  }

  async finish(): Promise<CallbackPosition> {
    return this.#position
  }

  async close(): Promise<void> {}
}

function failed(error: unknown, name: string, rows: number): WaymarkError {
  if (isWaymarkError(error)) return error
  return new WaymarkError('failed', {
    message: `${name} did not take ${rows} ${rows === 1 ? 'result' : 'results'}: ${error instanceof Error ? error.message : String(error)}`,
    means:
      'These items are not recorded: the next attempt calls them again and hands over their results, with the same idempotency keys.',
    remedy: 'Mend what the function does, then resume the run.',
    cause: error,
  })
}

function callbackPosition(position: OutputPosition, shown: string, stage: string): CallbackPosition {
  if (position.kind === 'callback' && (position.path === shown || position.count === 0)) return { ...position, path: shown }
  throw outputChanged(`${position.path} took the results so far, and now it is the callback ${shown}`, {
    shown: position.path,
    stage,
    details: { kind: position.kind ?? 'file' },
  })
}
