import { fileFault } from '../files/file-faults.ts'
import { encodeValue } from '../format/encode-value.ts'
import { type CompletedRange, CompletedSet } from '../model/completed-set.ts'
import type { Durability } from '../model/durability.ts'
import type { WaymarkError } from '../model/errors.ts'
import { KeySet } from '../model/key-set.ts'
import type { RecordedStage } from '../model/recorded-stage.ts'
import type { ItemCounts, SetAsideItem, StageProgress } from '../model/records.ts'
import type { StageProgressEvent } from '../model/run-events.ts'
import type { SavePolicy } from '../model/save-policy.ts'
import type { ItemOutput, OutputProgress } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'
import { BusyTime } from './busy-time.ts'
import { learnResult, mostLookedAt } from './learn-result.ts'
import type { PassTimings } from './pass-timings.ts'
import { placeResults } from './place-results.ts'
import { ProgressTelling } from './progress-telling.ts'
import { SavePace } from './save-pace.ts'
import { UnrecordedItems } from './unrecorded-items.ts'
import { WrittenItem } from './written-item.ts'

export interface EachProgressOptions {
  readonly attempt: Attempt
  readonly path: string
  readonly output: ItemOutput | undefined
  readonly save: SavePolicy
  /** Undefined: as the attempt. */
  readonly durability: Durability | undefined
  /** Items of one call. */
  readonly batch: number | undefined
  /** Counts that earlier attempts recorded. */
  readonly before: ItemCounts | undefined
  readonly total: number | undefined
  readonly timings: PassTimings
}

/** Bytes of results and keys not yet handed to a save: more, and one is begun at once, so that no record is much longer. Whoever resumes holds one of them at a time. */
const saveAtBytes = 1 << 20
/** Bytes of results and keys not yet durable: more, and the items have to wait. */
const waitAtBytes = 16 << 20
/** Ranges recorded one after another before a record holds all that is finished; more, if that is long. */
const leastRangesBetween = 4_096
/** Times go with a record only so often: a killed attempt loses no more of them. */
const timingsEveryMs = 1_000

/**
 * What a pass over items has finished and how much of it is durable. Finishing an item costs nanoseconds; in the background a group commit writes the output, syncs it, and then
 * records items, results and output position in one record, so that none can be durable without the others.
 */
export class EachProgress {
  readonly #options: EachProgressOptions
  readonly #counts: { done: number; skipped: number; setAside: number; retries: number; total: number | undefined }
  readonly #unrecorded: UnrecordedItems
  #bytesBeingSaved = 0
  #itemsBeingSaved = 0
  #saving: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  readonly #pace: SavePace
  #waitingSinceMs: number | undefined
  #fault: WaymarkError | undefined
  #recordedNow = 0
  #resultsGiven = 0
  /** So many values of results are still searched for what is not to be shown. */
  #toLookAt = mostLookedAt
  readonly #telling: ProgressTelling

  constructor(options: EachProgressOptions) {
    this.#options = options
    // Those of the stage itself: its records give back what is taken from there.
    this.#unrecorded = new UnrecordedItems(this.#recorded?.keys ?? new KeySet())
    const { before, attempt, path } = options
    this.#counts = {
      done: before?.done ?? 0,
      skipped: before?.skipped ?? 0,
      setAside: before?.setAside ?? 0,
      retries: before?.retries ?? 0,
      total: options.total,
    }
    attempt.passes.set(path, this)
    this.#pace = new SavePace(options, attempt)
    this.#telling = new ProgressTelling(attempt, path, this.#recorded, () => ({
      counts: this.counts,
      atRisk: this.#unrecorded.size + this.#itemsBeingSaved,
      save: this.#pace.described,
    }))
  }

  get counts(): ItemCounts {
    const { total, ...counts } = this.#counts
    return total === undefined ? counts : { ...counts, total }
  }

  /** Set when a save failed: nothing more can be recorded. */
  get fault(): WaymarkError | undefined {
    return this.#fault
  }

  /** Items that this attempt made durable. */
  get recordedNow(): number {
    return this.#recordedNow
  }

  /** Results handed to the output. */
  get resultsGiven(): number {
    return this.#resultsGiven
  }

  set total(total: number) {
    this.#counts.total = total
    this.#pace.total = total
  }

  retried(): void {
    this.#counts.retries++
  }

  /**
   * Notes a finished item; `value` undefined gives no result.
   *
   * @throws WaymarkError `invalid` if the result cannot be stored: the item is then not finished
   */
  finish(index: number, key: string | undefined, value: unknown): void {
    if (value !== undefined) this.#keep(index, key, value)
    this.#counts.done++
    this.#note(index, key)
  }

  skip(index: number, key: string | undefined): void {
    this.#counts.skipped++
    this.#note(index, key)
  }

  /** Notes an item that is put away with its error. */
  setAside(item: SetAsideItem): void {
    this.#counts.setAside++
    this.#unrecorded.putAside(item)
    this.#saveInTime()
  }

  /** Something to wait for before more items are finished, if there is too much that is not durable yet. */
  pressure(): Promise<void> | undefined {
    if (this.#unsavedBytes() + this.#bytesBeingSaved <= waitAtBytes) return undefined
    this.#waitingSinceMs ??= this.#options.attempt.facts.core.clock.monotonicMs()
    return this.#save()
  }

  /** Makes everything finished so far durable. */
  async flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    while (this.#saving !== undefined || this.#unrecorded.size > 0) await this.#save()
    if (this.#fault !== undefined) throw this.#fault
  }

  /** After the last flush: has the output make ready what is only complete at the end, and records it, so that `finish` publishes nothing that does not count. */
  async seal(): Promise<void> {
    const { attempt, output } = this.#options
    const { timer } = this.#options.timings
    const sealing = timer.during('output', async () => output?.seal?.())
    const position = await sealing
    if (position === undefined) return
    await attempt.appendTimed(timer, 'power', { ...this.#progress(), output: position })
    await this.#show()
    if (this.#fault !== undefined) throw this.#fault
  }

  /** Stops timers. What is not durable by now is done again by the next attempt. */
  close(): void {
    this.#cancelTimer?.()
    this.#telling.stop()
    this.#options.attempt.passes.delete(this.#options.path)
  }

  #keep(index: number, key: string | undefined, value: unknown): void {
    this.#store(index, key, value)
    if (this.#toLookAt === 0) return
    const { redaction } = this.#options.attempt.facts.core
    this.#toLookAt = learnResult(redaction, value, this.#toLookAt, [{ kind: 'property', key: key ?? String(index) }])
  }

  #store(index: number, key: string | undefined, value: unknown): void {
    const { output, attempt, path } = this.#options
    if (output !== undefined) {
      output.add(value, new WrittenItem(attempt.facts.run, path, index, key))
      this.#resultsGiven++
      return
    }
    const encode = () => encodeValue(value, { codecs: attempt.facts.core.codecs })
    this.#unrecorded.keepResult(index, this.#options.timings.encode(encode))
  }

  #note(index: number, key: string | undefined): void {
    this.#unrecorded.note(index, key)
    this.#saveInTime()
  }

  #saveInTime(): void {
    if (this.#isDue()) void this.#save()
    else if (this.#cancelTimer === undefined && this.#saving === undefined) this.#schedule()
  }

  #isDue(): boolean {
    return this.#pace.isDue(this.#unrecorded.size) || this.#unsavedBytes() > saveAtBytes
  }

  #unsavedBytes(): number {
    return this.#unrecorded.bytes + (this.#options.output?.pendingBytes ?? 0)
  }

  #schedule(): void {
    if (!this.#pace.isTimed) return
    this.#cancelTimer = this.#options.attempt.facts.core.clock.after(this.#pace.interval.ms, () => {
      this.#cancelTimer = undefined
      void this.#save()
    })
  }

  /** One save at a time; resolves when the one under way, or a new one, is over. Never rejects: a failure is kept as the fault. */
  #save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined
      if (this.#fault !== undefined || this.#unrecorded.size === 0) return
      // What finished meanwhile may make the next one due.
      if (this.#isDue()) void this.#save()
      else if (this.#cancelTimer === undefined) this.#schedule()
    })
    return this.#saving
  }

  async #write(): Promise<void> {
    const { attempt, output, path, timings } = this.#options
    const { core } = attempt.facts
    const { timer } = timings
    if (this.#fault !== undefined) {
      this.#unrecorded.takeItems()
      return
    }
    const busy = new BusyTime(core.clock)
    this.#bytesBeingSaved = this.#unsavedBytes()
    const items = this.#unrecorded.size
    this.#itemsBeingSaved = items
    const progress = this.#progress()
    const results = this.#unrecorded.takeResults()
    try {
      // The output first: a record must never count bytes that are not durable.
      const position = output === undefined ? undefined : await busy.until(timer.during('output', () => output.flush(progress)))
      const kept = await busy.until(placeResults(attempt, path, results, timer))
      if (timer.sinceTakenMs >= timingsEveryMs) attempt.timings.add(path, timings.take())
      const record = {
        ...progress,
        ...(position === undefined ? {} : { output: position }),
        ...kept,
        ...attempt.timings.take(),
      }
      await busy.until(attempt.appendTimed(timer, this.#pace.durability, record))
      this.#recordedNow += items
    } catch (error) {
      this.#fault = fileFault(error, `record items of ${this.#options.path}`, 'They are called again by the next attempt.')
    }
    if (this.#fault === undefined) await this.#show()
    this.#bytesBeingSaved = 0
    this.#itemsBeingSaved = 0
    this.#pace.saved(busy.ms + (this.#waitingSinceMs === undefined ? 0 : core.clock.monotonicMs() - this.#waitingSinceMs))
    this.#waitingSinceMs = undefined
  }

  /** Has the output show what is recorded now. */
  async #show(): Promise<void> {
    const { output, path, timings } = this.#options
    try {
      await timings.timer.during('output', async () => output?.recorded?.())
    } catch (error) {
      const means = 'These items are recorded, and are not called again; the next attempt makes their results visible.'
      this.#fault = fileFault(error, `make the recorded results of ${path} visible`, means)
    }
  }

  /** What is new since the last one, which is begun anew. */
  #progress(): OutputProgress {
    const items = this.#unrecorded.takeItems()
    return {
      type: 'stage.progress',
      time: this.#options.attempt.facts.core.clock.now(),
      path: this.#options.path,
      counts: this.counts,
      ...items,
      ...(items.ranges === undefined ? {} : this.#allCompleted(items.ranges)),
    }
  }

  /** All that is finished by then, if what was recorded piece by piece has come to more than that is long. */
  #allCompleted(ranges: readonly CompletedRange[]): Pick<StageProgress, 'completed'> {
    const recorded = this.#recorded?.completed
    if (recorded === undefined || recorded.rangesQueued < leastRangesBetween) return {}
    const completed = new CompletedSet()
    completed.queue(recorded.toRanges())
    completed.queue(ranges)
    const all = completed.toRanges()
    return recorded.rangesQueued < 2 * all.length ? {} : { completed: all }
  }

  /** What the log says so far. */
  get #recorded(): RecordedStage | undefined {
    return this.#options.attempt.facts.recorded.stages.get(this.#options.path)
  }

  /** Tells whoever watches how far this is. */
  tell(): void {
    this.#telling.tell()
  }

  /** How far this is, and how fast it goes. */
  measure(): Omit<StageProgressEvent, 'type' | 'stage'> {
    return this.#telling.measure()
  }
}
