import type { Durability } from '../model/durability.ts'
import type { SavePolicy } from '../model/save-policy.ts'
import type { Schema } from '../model/schema.ts'
import type { Tolerance } from '../model/tolerance.ts'
import type { ItemFile } from '../outputs/item-file.ts'
import type { ItemSource } from '../outputs/item-source.ts'
import type { ItemTarget } from '../outputs/item-target.ts'
import type { ArrowBatchLike } from '../tables/arrow-batch-like.ts'
import type { TableStream } from '../tables/table-stream.ts'
import type { EventVerbs } from './event-verbs.ts'
import type { Checkpoint } from './load-checkpoint.ts'
import type { RecordStreamVerbs } from './record-stream-verbs.ts'

/** What a pipeline's function works with: the run it belongs to. */
export interface Run extends EventVerbs, RecordStreamVerbs {
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
    options?: EachOptions<Item, ItemValue<Returned>> & { readonly batch?: undefined },
  ): Promise<EachResult<ItemValue<Returned>>>
  each<Row extends object, Returned>(
    name: string,
    items: StageResult<TableStream<Row>>,
    fn: (item: TableRow<Row>, ctx: ItemContext) => Returned,
    options?: EachOptions<TableRow<Row>, ItemValue<Returned>> & { readonly batch?: undefined },
  ): Promise<EachResult<ItemValue<Returned>>>
  each<Item, Returned>(
    name: string,
    items: (Iterable<Item> | AsyncIterable<Item>) & object,
    fn: (item: Item, ctx: ItemContext) => Returned,
    options: EachOptions<Item, ItemValue<Returned>> & KnownItems<Item> & { readonly batch?: undefined },
  ): Promise<EachResult<ItemValue<Returned>>>
  /**
   * Calls `fn` with up to `batch` items at a time; each item is recorded by itself, so after a kill the rest may come in other batches. `fn` returns nothing, or one result for each item in order
   * (`ctx.skip()` among them). When a batch keeps failing and `tolerate` is given, its items are called one by one, so that only those at fault are set aside.
   */
  each<Item, Returned>(
    name: string,
    items: StageResult<readonly Item[]> | ItemFile<Item, never> | ItemSource<Item>,
    fn: (items: readonly Item[], ctx: BatchContext) => Returned,
    options: EachOptions<Item, BatchValue<Returned>> & { readonly batch: number },
  ): Promise<EachResult<BatchValue<Returned>>>
  each<Row extends object, Returned>(
    name: string,
    items: StageResult<TableStream<Row>>,
    fn: (items: readonly TableRow<Row>[], ctx: BatchContext) => Returned,
    options: EachOptions<TableRow<Row>, BatchValue<Returned>> & { readonly batch: number },
  ): Promise<EachResult<BatchValue<Returned>>>
  each<Item, Returned>(
    name: string,
    items: (Iterable<Item> | AsyncIterable<Item>) & object,
    fn: (items: readonly Item[], ctx: BatchContext) => Returned,
    options: EachOptions<Item, BatchValue<Returned>> & KnownItems<Item> & { readonly batch: number },
  ): Promise<EachResult<BatchValue<Returned>>>
  /**
   * Wall milliseconds, drawn once: the same in every attempt. A value is known by `name`, or without one by its place among the calls of this kind that the pipeline’s function itself makes: give it a name
   * where these run in parallel branches. In the function of a stage or an item, `ctx.now()` is that function’s own.
   *
   * @throws WaymarkError `conflict` inside the function of a stage or an item, `invalid` if the name is empty or no text
   */
  now(name?: string): number
  /** A random UUID (version 4), drawn once: see {@link now}. */
  uuid(name?: string): string
  /** A random number from 0 to below 1, drawn once: see {@link now}. */
  random(name?: string): number
}

/** What the function of a stage works with. Stages inside it start through this, never through the run. */
export interface StageContext
  extends EventVerbs,
    RecordStreamVerbs,
    Pick<Run, 'stage' | 'each' | 'attempt' | 'now' | 'uuid' | 'random'> {
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
export interface ItemContext
  extends EventVerbs,
    RecordStreamVerbs,
    Pick<Run, 'stage' | 'each' | 'attempt' | 'now' | 'uuid' | 'random'> {
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

/** What the function of a batch works with. */
export interface BatchContext
  extends EventVerbs,
    RecordStreamVerbs,
    Pick<ItemContext, 'run' | 'attempt' | 'path' | 'signal' | 'log' | 'call' | 'skip' | 'fail' | 'retry'> {
  /** Keys of the items, or their indexes as text. */
  readonly keys: readonly string[]
  /** Places in the input, from 0. */
  readonly indexes: readonly number[]
  /** For each item the same in every attempt. */
  readonly idempotencyKeys: readonly string[]
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

/** An item of a stage's table: its row. Of a table that was given in RecordBatches (or Tables) of `apache-arrow` the rows come as plain objects, too. */
export type TableRow<Row> = Row extends ArrowBatchLike ? Record<string, unknown> : Row

/** The value of an item, from what its function returns. */
export type ItemValue<Returned> = Exclude<Awaited<Returned>, Skipped>

/** The value of an item of a batch, from what the batch's function returns. */
export type BatchValue<Returned> =
  Awaited<Returned> extends readonly (infer Value)[] ? Exclude<Value, Skipped | undefined> : never

/** Name of an item: must be different for each, and the same in every attempt. Called up to a thousand items before the item is. */
export type KeyOf<Item> = (item: Item) => string | number

/** Any value that can be stored and differs when the items do: an ETag, the version of a table, the date of an export. */
export type InputFingerprint = NonNullable<unknown> | null

/** How items that have no digest of their own are known in the next attempt. */
export type KnownItems<Item> = { readonly key: KeyOf<Item> } | { readonly input: InputFingerprint }

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
  /** What its record survives before the result is handed on: a power cut (`power`) or a kill (`process`, `exit`). Default: as the run. */
  readonly durability?: Durability
  /** Aborts `ctx.signal` and fails the call after so long. */
  readonly timeoutMs?: number
  /** For all calls and the pauses between them. */
  readonly totalTimeoutMs?: number
}

export interface EachOptions<Item, Value> {
  readonly key?: KeyOf<Item>
  /**
   * Says whether arrays, iterables and query results are the same as before: as long as this is equal, their items are known by index and need no `key`, and another value is refused
   * (`input_changed`) until it is accepted. Only its digest is kept, and a short text or a number itself. Not for files and results of stages, which have a digest of their own.
   */
  readonly input?: InputFingerprint
  /** Items of one call. Default: the function is called with one item. */
  readonly batch?: number
  /** Calls at a time. Default 1. */
  readonly concurrency?: number
  readonly version?: string
  readonly retry?: RetryPolicy
  /** Results go to this file, exactly once each, in order of completion. Without it they live in the store. */
  readonly output?: ItemFile<unknown, Value> | ItemTarget<Value>
  /** When progress is made durable. */
  readonly save?: SavePolicy
  /** What its progress survives: a power cut (`power`), a kill (`process`), or a clean end (`exit`: nothing is saved before the pass ends or is stopped). Default: as the run. What is saved together with an output that cannot be taken back (a table, a folder, Parquet) survives a power cut in any case. */
  readonly durability?: Durability
  /** Aborts the item's `ctx.signal` and fails its call after so long. */
  readonly timeoutMs?: number
  /** For all calls of an item and the pauses between them. */
  readonly totalTimeoutMs?: number
  /**
   * How many items may keep failing: each is set aside with its error, the run goes on, and ends with exit code 4 (`waymark items RUN --set-aside`, `waymark requeue RUN`). Beyond that the stage fails.
   * Default: none.
   */
  readonly tolerate?: Tolerance
}

export interface RetryPolicy {
  /** Calls in all, the first included. */
  readonly attempts: number
  /** Longest pause before the second call, in milliseconds; doubles with each further one. Default 100. */
  readonly delayMs?: number
  /** No pause is longer. Default 30,000. */
  readonly maxDelayMs?: number
  /** `full`: each pause is a random part of what it could be, so that many callers do not come back at once. Default `full`. */
  readonly jitter?: 'full' | 'none'
}

/**
 * A stage's result, perhaps still on its way. Awaiting gives the value (loading it if an earlier attempt recorded it); passing it on unawaited loads nothing.
 */
export interface StageResult<Value> extends PromiseLike<Value> {
  readonly path: string
  /** The checkpoint that holds it, without loading the value. */
  readonly ref: Promise<Checkpoint>
  /** Its elements one by one, for a result that is an array or a table whose rows come one by one. */
  stream(): AsyncIterableIterator<ElementOf<Value>>
}

/** What the elements of a stage's result are. */
export type ElementOf<Value> = Value extends readonly (infer Element)[]
  ? Element
  : Value extends TableStream<infer Row>
    ? Row
    : never

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
