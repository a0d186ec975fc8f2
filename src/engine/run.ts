import type { SavePolicy } from '../model/save-policy.ts'
import type { Schema } from '../model/schema.ts'
import type { ItemFile } from '../outputs/item-file.ts'
import type { ItemSource } from '../outputs/item-source.ts'
import type { ItemTarget } from '../outputs/item-target.ts'
import type { Checkpoint } from './store.ts'

/** What a pipeline's function works with: the run it belongs to. */
export interface Run {
  readonly id: string
  /** From 1. */
  readonly attempt: number
  /** Aborts when the run must stop now; finished work is recorded all the same. */
  readonly signal: AbortSignal
  /**
   * Calls `fn` once in the life of the run and records its result as a checkpoint; later attempts get the recorded result without a call. Starts at once.
   *
   * @throws WaymarkError `conflict` if the name was used before in this attempt, or inside another stage's function (use `ctx.stage`)
   */
  stage<Value>(
    name: string,
    fn: (ctx: StageContext) => Value | PromiseLike<Value>,
    options?: StageOptions<Value>,
  ): StageResult<Value>
  /**
   * Calls `fn` for each item, up to `concurrency` at a time, and records each as done; later attempts call it only for the rest. Items of a stage's result or of a file are
   * known by their index as long as that has the same digest; any other items need `key`.
   */
  each<Item, Returned>(
    name: string,
    items: StageResult<readonly Item[]> | ItemFile<Item, never> | ItemSource<Item>,
    fn: (item: Item, ctx: ItemContext) => Returned,
    options?: EachOptions<Item, ItemValue<Returned>>,
  ): Promise<EachResult<ItemValue<Returned>>>
  each<Item, Returned>(
    name: string,
    items: (Iterable<Item> | AsyncIterable<Item>) & object,
    fn: (item: Item, ctx: ItemContext) => Returned,
    options: EachOptions<Item, ItemValue<Returned>> & { readonly key: KeyOf<Item> },
  ): Promise<EachResult<ItemValue<Returned>>>
  /** Wall milliseconds, drawn once: the same in every attempt. */
  now(): number
  /** A random UUID (version 4), drawn once. */
  uuid(): string
  /** A random number from 0 to below 1, drawn once. */
  random(): number
}

/** What the function of a stage works with. Stages inside it start through this, never through the run. */
export interface StageContext extends Pick<Run, 'stage' | 'each' | 'attempt'> {
  readonly run: string
  /** Where this is: `extract`, `enrich[o-17]/fetch`. */
  readonly path: string
  /** Aborts when the run must stop now, or the stage's time is up. */
  readonly signal: AbortSignal
  readonly log: Logger
  /** Adds to the metadata of the checkpoint this stage is going to make. */
  setMetadata(metadata: Readonly<Record<string, unknown>>): void
}

/** What the function of an item works with. */
export interface ItemContext extends Pick<Run, 'stage' | 'each' | 'attempt'> {
  readonly run: string
  readonly path: string
  readonly signal: AbortSignal
  readonly log: Logger
  /** The item's key, or its index as text. */
  readonly key: string
  /** Place in the input, from 0. */
  readonly index: number
  /** Calls of this item in this attempt, from 1. */
  readonly call: number
  /** The same for this item in every attempt: hand it to services that ignore repetitions. */
  readonly idempotencyKey: string
  /** `return ctx.skip('no address')`: the item is finished, counted as skipped, and gives no result. */
  skip(reason?: string): Skipped
  /** `throw ctx.fail(error)`: no retry. */
  fail(error: unknown): Error
  /** `throw ctx.retry({ afterMs: 2000 })`: another call after a pause, if attempts are left. */
  retry(options?: { readonly afterMs?: number; readonly cause?: unknown }): Error
}

export interface Logger {
  info(message: string): void
  warn(message: string): void
}

declare const skipped: unique symbol
/** What `ctx.skip()` returns. */
export interface Skipped {
  readonly [skipped]: true
}

/** The value of an item, from what its function returns. */
export type ItemValue<Returned> = Exclude<Awaited<Returned>, Skipped>

/** Name of an item: must be different for each, and the same in every attempt. */
export type KeyOf<Item> = (item: Item) => string | number

export interface StageOptions<Value = unknown> {
  /** Tells calls of one name in a loop apart. */
  readonly key?: string | number
  /** Another version redoes the stage, and what was first called after it if its result changes. */
  readonly version?: string
  /** Checked when the stage has run, and when a recorded result is loaded. */
  readonly schema?: Schema<unknown, Value>
  readonly metadata?: Readonly<Record<string, unknown>>
  /** Type of the checkpoint. Default `stage`. */
  readonly type?: string
  readonly tags?: readonly string[]
  readonly retry?: RetryPolicy
  /** Aborts `ctx.signal` and fails the call after so long. */
  readonly timeoutMs?: number
}

export interface EachOptions<Item, Value> {
  readonly key?: KeyOf<Item>
  /** Calls at a time. Default 1. */
  readonly concurrency?: number
  readonly version?: string
  readonly retry?: RetryPolicy
  /** Results go to this file, exactly once each, in order of completion. Without it they live in the store. */
  readonly output?: ItemFile<unknown, Value> | ItemTarget<Value>
  /** When progress is made durable. */
  readonly save?: SavePolicy
  /** Aborts the item's `ctx.signal` and fails its call after so long. */
  readonly timeoutMs?: number
}

export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number
  /** Pause before the second call; doubles with each further one. Default 100. */
  readonly delayMs?: number
  /** No pause is longer. Default 30,000. */
  readonly maxDelayMs?: number
}

/**
 * A stage's result, perhaps still on its way. Awaiting gives the value (loading it if an earlier attempt recorded it); passing it on unawaited loads nothing.
 */
export interface StageResult<Value> extends PromiseLike<Value> {
  readonly path: string
  /** The checkpoint that holds it, without loading the value. */
  readonly ref: Promise<Checkpoint>
  /** Its elements one by one, for a result that is an array. */
  stream(): AsyncIterableIterator<Value extends readonly (infer Element)[] ? Element : never>
}

/** How a pass over items ended. */
export interface EachResult<Value> {
  readonly done: number
  readonly skipped: number
  readonly setAside: number
  /** Every result recorded, also by earlier attempts: in input order from the store, in the file's order from an output. */
  results(): EachResults<Value>
}

export interface EachResults<Value> extends AsyncIterable<Value> {
  toArray(): Promise<Value[]>
}
