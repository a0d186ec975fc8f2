import type { FileSystem } from '../files/file-system.ts'
import type { Clock } from '../model/clock.ts'
import type { OutputPosition } from '../model/output-position.ts'
import type { StageProgress } from '../model/records.ts'

/** The same in every copy of this package that is loaded. */
export const targetBrand: unique symbol = Symbol.for('waymark.item-target')

/** What an output works with. */
export interface OutputContext {
  readonly files: FileSystem
  /** Where a relative path begins. */
  readonly baseDirectory: string
  readonly clock: Clock
  /** Id of the store: run ids that callers choose are told apart by it. */
  readonly store: string
  readonly run: string
  /** The stage's path: for remedies, and part of the names an output keeps progress under. */
  readonly stage: string
  /** The fencing token of the run's owner: whoever has a lower one has lost the run and may write nothing that counts. */
  readonly token: number
  /** Whether it is proven that no earlier owner of the run still has the output open. */
  readonly earlierOwnerDead: boolean
  /**
   * Asked right before anything is changed under a name that a successor uses too: an owner may be stalled at any moment until then.
   * Absent: nobody else can be.
   *
   * @throws WaymarkError `fenced` if another has taken the run over
   */
  readonly mustOwn?: (() => Promise<void>) | undefined
}

/** The item a result belongs to. */
export interface OutputItem {
  readonly index: number
  /** Undefined where items are known by index. */
  readonly key: string | undefined
  /** The same for this item in every attempt. Worked out when asked for. */
  readonly idempotencyKey: string
}

/** What a flush makes durable, apart from the output's own position: for outputs that keep progress beside their rows. */
export type OutputProgress = Omit<
  StageProgress,
  'output' | 'results' | 'resultBytes' | 'resultsFrom' | 'resultsIn' | 'resultIndexes' | 'timings'
>

/** An output opened for one owner, cut back to what counts. One flush is under way at a time. */
export interface ItemOutput {
  /** As of the last flush that succeeded. */
  readonly position: OutputPosition
  /** Bytes (about) added and not yet handed to a flush: many, and a save is begun. */
  readonly pendingBytes: number
  /**
   * Keeps a result until the next flush.
   *
   * @throws WaymarkError `invalid` for a value the output cannot hold: nothing of it is kept; the error of an earlier flush
   */
  add(value: unknown, item: OutputItem): void
  /**
   * Makes everything added before the call durable, and `progress` with it in one transaction where the output has one. What is returned covers exactly these items, and is
   * recorded in the log afterwards. An output whose flush failed stays failed.
   *
   * @throws WaymarkError `disk_full`, `unavailable`, `conflict`, `fenced`
   */
  flush(progress: OutputProgress): Promise<OutputPosition>
  /**
   * Called when a position that {@link flush} or {@link seal} returned is in the log: shows what must not be seen before it counts, and removes what only the position before needed.
   *
   * @throws WaymarkError as `flush`
   */
  recorded?(): Promise<void>
  /** Called once after the last flush: makes ready what is only complete at the end, such as the last part. What it returns is recorded before {@link finish}. */
  seal?(): Promise<OutputPosition>
  /** Called once after the last flush: publishes what is published at the end (a header without rows), proves that all that counts is there, and closes. */
  finish(): Promise<OutputPosition>
  /** Idempotent. What was not flushed is dropped. */
  close(): Promise<void>
}

export interface OpenedOutput {
  readonly output: ItemOutput
  /** Progress that the output committed and the log does not know of, because the process died in between: recorded before anything else, so that these items are not called again. */
  readonly recovered?: readonly StageProgress[]
  /** What was cut back or found, for people. */
  readonly notices?: readonly string[]
}

/** Where results go, exactly once each: made by `jsonl`, `csv`, `parquet`, `folder`, `sqliteTable`, `postgresTable`, `callback`. */
export interface ItemTarget<in W = never> {
  readonly [targetBrand]: true
  /** For the compiler only: what may be written. */
  readonly accepts?: (item: W) => void
  /** How messages and records name it: a path as given, `postgres:orders`. Never a secret. */
  readonly shown: string
  /** One name for everything that must not be written by two stages of a run at once: an absolute path, a database and table. */
  place(baseDirectory: string): string
  /** Where this run's part begins: recorded before anything is touched. Touches nothing. */
  begin(context: OutputContext): Promise<OutputPosition>
  /**
   * Opens it behind `position`, and removes what came after.
   *
   * @throws WaymarkError `conflict` if what counts is gone or was changed: nothing is then touched; `invalid`, `disk_full`, `unavailable`, `fenced`
   */
  open(context: OutputContext, position: OutputPosition): Promise<OpenedOutput>
  /** Results as they were written, where they can be read back. */
  results?(context: Pick<OutputContext, 'files' | 'baseDirectory'>, position: OutputPosition): AsyncIterable<unknown>
}

/** True for a target that is no file of lines; those have a brand of their own. */
export const isItemTarget = (value: unknown): value is ItemTarget<unknown> =>
  typeof value === 'object' && value !== null && targetBrand in value && value[targetBrand] === true
