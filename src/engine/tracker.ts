import type { CheckpointRecord } from '../model/checkpoint.ts'
import { describe } from '../model/describe.ts'
import type { ScopePath } from '../model/scope.ts'
import { checkLabels } from './check-labels.ts'
import { EachProgress } from './each-progress.ts'
import { eachResults, storedResults } from './each-results.ts'
import { PassTimings } from './pass-timings.ts'
import type { EachResults } from './run.ts'
import { payloadOf, setAsideItem } from './set-aside-item.ts'
import { recordStageFailure } from './stage.ts'
import { bad, storedMetadata } from './track-options.ts'
import { TrackedItems } from './tracked-items.ts'
import type { LoopEnd } from './tracked-run.ts'
import { leftOpen, over, unfinished, warnIfFails } from './tracker-errors.ts'
import { trackerLine } from './tracker-line.ts'
import { TrackerNotes } from './tracker-notes.ts'
import { keepFinalData, noteLoop, type TrackerParts } from './tracker-parts.ts'
import { progressOf, type TrackerProgress } from './tracker-progress.ts'

/**
 * Keeps the progress of a loop of your own: which items are finished, what came of them, and how far all is. Made by {@link Store.track}. Items are named by index or by key; what is said of an item
 * first counts, and saying it again changes nothing. `done`, `failed`, `skipped` and `shouldSkip` only touch memory; a group commit in the background makes it durable, as `save` says.
 */
export class Tracker implements AsyncDisposable {
  readonly #parts: TrackerParts
  readonly #items: TrackedItems
  readonly #progress: EachProgress
  readonly #timings: PassTimings
  readonly #notes: TrackerNotes
  readonly #before: number
  readonly #startedAt: number
  readonly #printEvery: number
  readonly signal: AbortSignal
  #sincePrint = 0
  #state: 'open' | 'ending' | 'ended' = 'open'

  /** Use `store.track()`. */
  constructor(parts: TrackerParts) {
    const { run, path, recorded, options, total } = parts
    this.#parts = parts
    this.#items = new TrackedItems(path, recorded)
    this.#before = recorded.finished
    this.#timings = new PassTimings(run.attempt.facts.core.clock)
    this.#progress = new EachProgress({
      attempt: run.attempt,
      path,
      output: undefined,
      save: options.save ?? run.attempt.facts.core.save ?? {},
      durability: options.durability,
      batch: undefined,
      before: recorded.counts,
      total,
      timings: this.#timings,
    })
    this.#notes = new TrackerNotes(run.attempt, path)
    this.#startedAt = run.attempt.facts.core.clock.monotonicMs()
    this.#printEvery = options.printEvery ?? Number.POSITIVE_INFINITY
    /** Aborts when the loop should stop: `options.signal`, `waymark pause` or `cancel` from elsewhere, or a newer owner of the run. What is finished until the loop ends is recorded all the same. */
    this.signal = options.signal === undefined ? run.signal : AbortSignal.any([run.signal, options.signal])
  }

  /** Id of the run. */
  get run(): string {
    return this.#parts.run.attempt.facts.run
  }

  /** Path of the stage: its name, with the key if it has one. */
  get stage(): ScopePath {
    return this.#parts.path
  }

  /** From 1. */
  get attempt(): number {
    return this.#parts.run.attempt.facts.attempt
  }

  /** True once it was completed, failed or paused. */
  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** What was noted so far, also by earlier attempts. */
  get metadata(): Readonly<Record<string, unknown>> {
    return { ...this.#parts.recorded.metadata }
  }

  /**
   * Whether an item is finished (done, failed or skipped), in this attempt or an earlier one. One that was requeued is not.
   *
   * @throws WaymarkError `invalid` for what cannot name an item, `conflict` if others are named by index and this one by key, or the other way round
   */
  shouldSkip(item: number | string): boolean {
    return this.#items.has(item)
  }

  /**
   * Notes that an item is done, with its result, if it has one worth keeping: see {@link results}. Returns something to wait for when more bytes of results were given than could be kept so far.
   *
   * @throws WaymarkError `invalid` if the result cannot be stored: the item is then not done; `conflict` after the end; and what a save in the background failed with: `fenced`, `disk_full` …
   */
  done(item: number | string): void
  done(item: number | string, result: unknown): Promise<void> | undefined
  done(item: number | string, result?: unknown): Promise<void> | undefined {
    this.#mustBeOpen()
    if (this.#items.has(item)) return undefined
    this.#progress.finish(this.#items.placeOf(item), keyOf(item), result)
    this.#items.add(item)
    this.#finished()
    return result === undefined ? undefined : this.#progress.pressure()
  }

  /**
   * Notes that an item failed: it is set aside with the error, and with `payload` if that is given, so that `waymark items RUN --set-aside` shows it. It is not done again until it is requeued
   * (`waymark requeue RUN`). `calls` says how often it was tried.
   *
   * @throws WaymarkError `invalid` if `calls` is no whole number of at least 1
   */
  failed(item: number | string, error: unknown, payload?: unknown, calls = 1): void {
    this.#mustBeOpen()
    if (!Number.isSafeInteger(calls) || calls < 1)
      throw bad('failed', `calls must be a whole number of at least 1, not ${describe(calls)}`, 't.failed(i, error, row, 3)')
    if (this.#items.has(item)) return
    const { attempt } = this.#parts.run
    const key = keyOf(item)
    const index = this.#items.add(item)
    const kept = payload === undefined ? undefined : payloadOf(payload, attempt)
    this.#progress.setAside(setAsideItem(attempt, { index, key, error, payload: kept, calls }))
    this.#finished()
  }

  /** Notes that nothing was to be done for an item. */
  skipped(item: number | string): void {
    this.#mustBeOpen()
    if (this.#items.has(item)) return
    this.#progress.skip(this.#items.add(item), keyOf(item))
    this.#finished()
  }

  /**
   * Adds to what is noted with the stage, by key; recorded within a second.
   *
   * @throws WaymarkError `invalid` if it is no plain object or cannot be stored
   */
  setMetadata(metadata: Readonly<Record<string, unknown>>): void {
    this.#mustBeOpen()
    checkLabels({ metadata })
    // As it is now: what is changed in it later is not noted.
    this.#notes.setMetadata(storedMetadata(metadata))
  }

  /** Says what is being done, for whoever watches. */
  setCurrentStep(text: string): void {
    this.#mustBeOpen()
    if (typeof text !== 'string')
      throw bad('setCurrentStep', `the step is ${describe(text)}, not text`, "t.setCurrentStep('page 7')")
    this.#notes.setCurrentStep(text)
  }

  /** Says how many items there are in all, where that shows only on the way. */
  setTotal(total: number): void {
    this.#mustBeOpen()
    if (!Number.isSafeInteger(total) || total < 0)
      throw bad('setTotal', `the total must be a whole number of items, not ${describe(total)}`, 't.setTotal(rows.length)')
    this.#progress.total = total
  }

  /** Counts, speed, and the time that is still needed, as a range: as every other progress in Waymark. */
  progress(): TrackerProgress {
    return progressOf(this.#progress, this.#parts.run.attempt.facts.core.clock.monotonicMs() - this.#startedAt)
  }

  /** Prints one line of progress. */
  print(): void {
    const line = trackerLine(this.stage, this.progress())
    const { print } = this.#parts.options
    if (print === undefined) process.stderr.write(`${line}\n`)
    else print(line)
  }

  /** Results of items that are durable, also of earlier attempts: by index, or in the order in which keys were done. */
  results<Value = unknown>(): EachResults<Value> {
    const { run, path } = this.#parts
    const { core, recorded } = run.attempt.facts
    return eachResults<Value>(core.redaction, () => storedResults(core, recorded.stages.get(path)?.results ?? []))
  }

  /** Makes everything said so far durable. */
  async flush(): Promise<void> {
    const { attempt } = this.#parts.run
    await this.#progress.flush()
    await attempt.append(...this.#notes.take())
  }

  /**
   * Ends the loop: everything is durable when it resolves. `finalData` becomes a checkpoint of type `result`, and that of the run.
   *
   * @throws WaymarkError `conflict` if items of the total are not finished, `invalid` if the data cannot be stored: the loop then still goes on; what a save failed with
   */
  async complete(finalData?: unknown): Promise<void> {
    this.#mustBeOpen()
    await this.#end(async () =>
      this.#completed(finalData === undefined ? undefined : await keepFinalData(this.#parts, finalData)),
    )
    await this.#parts.options.onSuccess?.(this.#told())
  }

  /**
   * Ends the loop as failed: what is finished stays, and the next attempt goes on with the rest.
   *
   * @throws WaymarkError what a save failed with: `disk_full`, `fenced` … The loop has ended all the same; what could not be saved is done again by the next attempt
   */
  async fail(error: unknown): Promise<void> {
    const { run, path, options } = this.#parts
    const ending = async (): Promise<LoopEnd> => {
      await recordStageFailure(run.attempt, path, this.#startedAt, error)
      return { state: 'failed', error }
    }
    await this.#endAnyhow(ending, () => options.onFailure?.(error, this.#told()))
  }

  /**
   * Ends the loop for now; the next attempt goes on with the rest.
   *
   * @throws WaymarkError what a save failed with, as {@link fail}
   */
  async pause(): Promise<void> {
    await this.#endAnyhow(
      async () => ({ state: 'paused' }),
      () => this.#parts.options.onPause?.(this.#told()),
    )
  }

  /** Left without {@link complete} the loop is recorded as failed; as paused, if it was told to stop. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'open') return
    if (this.signal.aborted) await this.pause()
    else await this.fail(leftOpen(this.run, this.stage))
  }

  #finished(): void {
    if (++this.#sincePrint < this.#printEvery) return
    this.#sincePrint = 0
    this.print()
  }

  #mustBeOpen(): void {
    if (this.#state !== 'open') throw over(this.run, this.stage)
    if (this.#progress.fault !== undefined) throw this.#progress.fault
  }

  /** Everything finished is durable, then `ending` says how it ended. If that fails, the loop still goes on. */
  async #end(ending: () => Promise<LoopEnd>): Promise<void> {
    this.#state = 'ending'
    let end: LoopEnd
    try {
      await this.flush()
      end = await ending()
    } catch (error) {
      this.#state = 'open'
      throw error
    }
    await this.#leave(end)
  }

  /** What could not be saved is done again by the next attempt: no reason not to end, but to say so. */
  async #endAnyhow(ending: () => Promise<LoopEnd>, hook: () => unknown): Promise<void> {
    if (this.#state !== 'open') throw over(this.run, this.stage)
    this.#state = 'ending'
    const saved = await this.flush().then(
      () => undefined,
      (error: unknown) => ({ error }),
    )
    await this.#leave(await ending())
    await warnIfFails(hook)
    if (saved !== undefined) throw saved.error
  }

  async #leave(end: LoopEnd): Promise<void> {
    const { run, path } = this.#parts
    noteLoop(this.#parts, this.#before, this.#progress.recordedNow, end)
    this.#state = 'ended'
    this.#progress.close()
    run.attempt.timings.add(path, this.#timings.take())
    await run.leave(path, end)
  }

  #completed(result: CheckpointRecord | undefined): LoopEnd {
    const { run, path } = this.#parts
    const { clock } = run.attempt.facts.core
    const { counts } = this.#progress
    const { done, skipped, setAside, total } = counts
    const finished = done + skipped + setAside
    if (total !== undefined && finished < total) throw unfinished(this.run, path, finished, total)
    const durationMs = clock.monotonicMs() - this.#startedAt
    const { timings } = run.attempt
    timings.add(path, this.#timings.take())
    const record = { type: 'stage.done' as const, time: clock.now(), path, durationMs, counts, ...timings.take() }
    return { state: 'completed', record, result }
  }

  #told() {
    return { run: this.run, stage: this.stage, progress: this.progress() }
  }
}

const keyOf = (item: number | string): string | undefined => (typeof item === 'string' ? item : undefined)
