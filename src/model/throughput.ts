import type { StageProgressEvent } from './run-events.ts'

const windowMs = 60_000
const sampleEveryMs = 1_000
/** When an attempt has lasted so long, what was seen before it counts as much as what it shows itself; 30 s and 5 minutes measured a little worse. */
const priorCountsMs = 60_000
/** The likely time may always be off by so much. */
const leastSpread = 0.1

/** Speeds in items per millisecond. */
export interface Speeds {
  /** Over the last 60 seconds. */
  readonly recent: number
  /** Over this attempt. Items an earlier attempt recorded are no speed. */
  readonly overall: number
  /** Before this attempt: of the earlier ones at this run, else of the last finished run. */
  readonly prior?: number | undefined
  /** How long this attempt has worked, in milliseconds. */
  readonly elapsedMs: number
}

/**
 * The speed to reckon with: the mean of the last minute and of the whole attempt, drawn to what was seen before while the attempt is young: a process that has just begun is slow. Over 400
 * resumed runs (`bench/eta.ts`) this is off by 22 % (a tenth of the time by more than 64 %), without what was seen before by 30 % (164 %), the moving average of tqdm by 29 % (144 %).
 *
 * @returns items per millisecond, and how far the speeds lie apart as a share of it
 */
export function blendSpeeds({ recent, overall, prior, elapsedMs }: Speeds): { readonly rate: number; readonly spread: number } {
  const own = (recent + overall) / 2
  const weight = prior === undefined || prior <= 0 ? 0 : priorCountsMs / (priorCountsMs + elapsedMs)
  const rate = own * (1 - weight) + (prior ?? 0) * weight
  if (rate <= 0) return { rate: 0, spread: 0 }
  const seen = weight === 0 ? [recent, overall] : [recent, overall, prior ?? 0]
  const spread = (Math.max(...seen) - Math.min(...seen)) / (2 * rate)
  return { rate, spread: Math.max(leastSpread, spread) }
}

/** Speed of a stage and the time it still needs, shown as a range that is the wider the farther the speeds lie apart. The one place where such a time is worked out. */
export class Throughput {
  /** Items per millisecond before this attempt, once that is known. */
  prior: number | undefined
  readonly #startedAtMs: number
  /** Oldest first. */
  readonly #samples: { readonly atMs: number; readonly finished: number }[]

  /** @param nowMs monotonic: so the time between two attempts is none of this one's */
  constructor(nowMs: number) {
    this.#startedAtMs = nowMs
    this.#samples = [{ atMs: nowMs, finished: 0 }]
  }

  /** `finished` counts the items of this attempt only; `remaining` is undefined while the total is unknown. */
  measure(nowMs: number, finished: number, remaining: number | undefined): Pick<StageProgressEvent, 'itemsPerSecond' | 'etaMs'> {
    this.#sample(nowMs, finished)
    const elapsedMs = nowMs - this.#startedAtMs
    const oldest = this.#samples[0]
    if (finished === 0 || elapsedMs <= 0 || oldest === undefined) return {}
    const overall = finished / elapsedMs
    const recent = nowMs > oldest.atMs ? (finished - oldest.finished) / (nowMs - oldest.atMs) : overall
    const { rate, spread } = blendSpeeds({ recent, overall, prior: this.prior, elapsedMs })
    if (rate <= 0) return {}
    // What is shown as speed is what happens now; what is expected also knows the past.
    const itemsPerSecond = ((recent + overall) / 2) * 1000
    if (remaining === undefined) return { itemsPerSecond }
    const likely = remaining / rate
    return { itemsPerSecond, etaMs: { low: likely / (1 + spread), likely, high: likely * (1 + spread) } }
  }

  #sample(nowMs: number, finished: number): void {
    const newest = this.#samples.at(-1)
    if (newest === undefined || nowMs - newest.atMs >= sampleEveryMs) this.#samples.push({ atMs: nowMs, finished })
    while (this.#samples.length > 1 && nowMs - (this.#samples[0]?.atMs ?? nowMs) > windowMs) this.#samples.shift()
  }
}
