import { fileFault } from '../files/file-faults.ts'
import { encodeValue } from '../format/encode-value.ts'
import { rangesOf } from '../model/completed-set.ts'
import type { WaymarkError } from '../model/errors.ts'
import type { ItemCounts, ItemResult, SetAsideItem, StageProgress } from '../model/records.ts'
import { type SavePolicy, saveIntervalMs } from '../model/save-policy.ts'
import { Throughput } from '../model/throughput.ts'
import type { ItemOutput, OutputItem, OutputProgress } from '../outputs/item-target.ts'
import type { Attempt } from './attempt.ts'
import { idempotencyKey } from './idempotency-key.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

export interface EachProgressOptions {
  readonly attempt: Attempt
  readonly path: string
  readonly byKey: boolean
  readonly output: ItemOutput | undefined
  readonly save: SavePolicy
  /** Counts that earlier attempts recorded. */
  readonly before: ItemCounts | undefined
  readonly total: number | undefined
}

/** Bytes of results not yet handed to a save: more, and one is begun at once. */
const saveAtBytes = 1 << 20
/** Bytes of results not yet durable: more, and the items have to wait. */
const waitAtBytes = 16 << 20
/** Results of one save that are larger go to a pack. */
const packAboveBytes = 1 << 20
const tellEveryMs = 100

/**
 * What a pass over items has finished and how much of it is durable. Finishing an item costs nanoseconds; in the background a group commit writes the output, syncs it, and then
 * records items, results and output position in one record, so that none can be durable without the others.
 */
export class EachProgress {
  readonly #options: EachProgressOptions
  readonly #counts: { done: number; skipped: number; setAside: number; retries: number; total: number | undefined }
  #indexes: number[] = []
  #keys: string[] = []
  #results: ItemResult[] = []
  #setAside: SetAsideItem[] = []
  #resultBytes = 0
  #bytesBeingSaved = 0
  #itemsBeingSaved = 0
  #saving: Promise<void> | undefined
  #cancelTimer: (() => void) | undefined
  #cancelTelling: (() => void) | undefined
  #lastCostMs = 0
  #fault: WaymarkError | undefined
  readonly #reused: number
  readonly #throughput: Throughput

  constructor(options: EachProgressOptions) {
    this.#options = options
    const { before } = options
    this.#counts = {
      done: before?.done ?? 0,
      skipped: before?.skipped ?? 0,
      setAside: before?.setAside ?? 0,
      retries: before?.retries ?? 0,
      total: options.total,
    }
    this.#reused = this.#counts.done + this.#counts.skipped + this.#counts.setAside
    this.#throughput = new Throughput(options.attempt.facts.core.clock.monotonicMs())
    if (options.attempt.facts.onEvent !== undefined) this.#tellRegularly()
  }

  get counts(): ItemCounts {
    const { total, ...counts } = this.#counts
    return total === undefined ? counts : { ...counts, total }
  }

  /** Set when a save failed: nothing more can be recorded. */
  get fault(): WaymarkError | undefined {
    return this.#fault
  }

  set total(total: number) {
    this.#counts.total = total
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
    this.#setAside.push(item)
    this.#counts.setAside++
    this.#note(item.index, item.key)
  }

  /** Something to wait for before more items are finished, if there is too much that is not durable yet. */
  pressure(): Promise<void> | undefined {
    return this.#unsavedBytes() + this.#bytesBeingSaved > waitAtBytes ? this.#save() : undefined
  }

  /** Makes everything finished so far durable. */
  async flush(): Promise<void> {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    while (this.#saving !== undefined || this.#indexes.length + this.#keys.length > 0) await this.#save()
    if (this.#fault !== undefined) throw this.#fault
  }

  /** Stops timers. What is not durable by now is done again by the next attempt. */
  close(): void {
    this.#cancelTimer?.()
    this.#cancelTelling?.()
  }

  #keep(index: number, key: string | undefined, value: unknown): void {
    const { output, attempt, path } = this.#options
    if (output !== undefined) return output.add(value, new WrittenItem(attempt.facts.run, path, index, key))
    const bytes = encodeValue(value, { codecs: attempt.facts.core.codecs })
    this.#results.push([index, bytes])
    this.#resultBytes += bytes.length
  }

  #note(index: number, key: string | undefined): void {
    if (key === undefined) this.#indexes.push(index)
    else this.#keys.push(key)
    const { items } = this.#options.save
    const due = items !== undefined && this.#indexes.length + this.#keys.length >= items
    if (due || this.#unsavedBytes() > saveAtBytes) void this.#save()
    else if (this.#cancelTimer === undefined && this.#saving === undefined) this.#schedule()
  }

  #unsavedBytes(): number {
    return this.#resultBytes + (this.#options.output?.pendingBytes ?? 0)
  }

  #schedule(): void {
    const delayMs = saveIntervalMs(this.#options.save, this.#lastCostMs)
    this.#cancelTimer = this.#options.attempt.facts.core.clock.after(delayMs, () => {
      this.#cancelTimer = undefined
      void this.#save()
    })
  }

  /** One save at a time; resolves when the one under way, or a new one, is over. Never rejects: a failure is kept as the fault. */
  #save(): Promise<void> {
    this.#saving ??= this.#write().finally(() => {
      this.#saving = undefined
      if (this.#fault === undefined && this.#indexes.length + this.#keys.length > 0 && this.#cancelTimer === undefined)
        this.#schedule()
    })
    return this.#saving
  }

  async #write(): Promise<void> {
    const { attempt, output } = this.#options
    const { core } = attempt.facts
    if (this.#fault !== undefined) {
      this.#indexes = []
      this.#keys = []
      return
    }
    const startedAt = core.clock.monotonicMs()
    const indexes = this.#indexes
    const keys = this.#keys
    const results = this.#results
    const progress = this.#progress(indexes, keys, this.#setAside)
    this.#bytesBeingSaved = this.#unsavedBytes()
    this.#itemsBeingSaved = indexes.length + keys.length
    this.#indexes = []
    this.#keys = []
    this.#results = []
    this.#setAside = []
    const resultBytes = this.#resultBytes
    this.#resultBytes = 0
    try {
      // The output first: a record must never count bytes that are not durable.
      const position = output === undefined ? undefined : await output.flush(progress)
      const kept = await this.#place(results, resultBytes)
      await attempt.append({ ...progress, ...(position === undefined ? {} : { output: position }), ...kept })
    } catch (error) {
      this.#fault = fileFault(error, `record items of ${this.#options.path}`, 'They are called again by the next attempt.')
    }
    this.#bytesBeingSaved = 0
    this.#itemsBeingSaved = 0
    this.#lastCostMs = core.clock.monotonicMs() - startedAt
  }

  async #place(
    results: readonly ItemResult[],
    bytes: number,
  ): Promise<Pick<StageProgress, 'results' | 'resultsIn' | 'resultIndexes'>> {
    if (results.length === 0) return {}
    if (bytes <= packAboveBytes) return { results }
    const { attempt, path } = this.#options
    const { core, run } = attempt.facts
    const resultsIn = await writeCheckpoint(core, results, { run, stage: path, type: 'items' })
    return { resultsIn, resultIndexes: results.map(([index]) => index) }
  }

  #progress(indexes: readonly number[], keys: readonly string[], setAside: readonly SetAsideItem[]): OutputProgress {
    return {
      type: 'stage.progress',
      time: this.#options.attempt.facts.core.clock.now(),
      path: this.#options.path,
      counts: this.counts,
      ...(indexes.length === 0 ? {} : { ranges: rangesOf(indexes) }),
      ...(keys.length === 0 ? {} : { keys }),
      ...(setAside.length === 0 ? {} : { setAside }),
    }
  }

  #tellRegularly(): void {
    const { clock } = this.#options.attempt.facts.core
    this.#cancelTelling = clock.after(
      tellEveryMs,
      () => {
        this.tell()
        this.#tellRegularly()
      },
      { background: true },
    )
  }

  /** Tells whoever watches how far this is. */
  tell(): void {
    const { attempt, path } = this.#options
    const { done, skipped, setAside, total } = this.#counts
    const finished = done + skipped + setAside
    attempt.emit({
      type: 'progress',
      stage: path,
      counts: this.counts,
      reused: this.#reused,
      atRisk: this.#indexes.length + this.#keys.length + this.#itemsBeingSaved,
      ...this.#throughput.measure(
        attempt.facts.core.clock.monotonicMs(),
        finished - this.#reused,
        total === undefined ? undefined : Math.max(0, total - finished),
      ),
    })
  }
}

/** One is made for every result with an output, so the key is worked out only when asked for. */
class WrittenItem implements OutputItem {
  readonly #run: string
  readonly #stage: string
  readonly index: number
  readonly key: string | undefined

  constructor(run: string, stage: string, index: number, key: string | undefined) {
    this.#run = run
    this.#stage = stage
    this.index = index
    this.key = key
  }

  get idempotencyKey(): string {
    return idempotencyKey(this.#run, this.#stage, this.key ?? String(this.index))
  }
}
