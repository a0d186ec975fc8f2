import { isWaymarkError, WaymarkError } from '../model/errors.ts'
import { beyondTolerance } from '../model/tolerance.ts'
import { type ItemCallerOptions, type Unit, unitName } from './item-caller.ts'
import type { LoopFailure } from './loop-failure.ts'
import { payloadOf, setAsideItem } from './set-aside-item.ts'

/** What becomes of items whose calls are exhausted: they are set aside as far as that is tolerated, else the loop ends. */
export class FailedItems {
  readonly #loop: ItemCallerOptions

  constructor(loop: ItemCallerOptions) {
    this.#loop = loop
  }

  /** Sets an item aside; returns how the loop ends if it must. */
  take(unit: Unit, error: unknown): LoopFailure | undefined {
    const { attempt, options, progress, path } = this.#loop
    const place = { item: unitName(unit), index: unit.index }
    attempt.facts.core.redaction.item(unit.item, place.item)
    if (options.tolerate === undefined || !this.isOfTheItem(error)) return { error, ...place }
    const { done, skipped, setAside, total } = progress.counts
    const facts = { setAside: setAside + 1, total, finished: done + skipped + setAside + 1 }
    const beyond = beyondTolerance(options.tolerate, facts)
    if (beyond !== undefined) return { error: tooMany(path, facts.setAside, beyond, error), ...place }
    this.#setAside(unit, error)
    return progress.fault === undefined ? undefined : { error: progress.fault }
  }

  #setAside({ item, index, key, calls }: Unit, error: unknown): void {
    const { attempt, path, progress } = this.#loop
    const kept = setAsideItem(attempt, { index, key, error, payload: payloadOf(item, attempt), calls })
    progress.setAside(kept)
    attempt.emit({ type: 'item.setAside', stage: path, item: unitName({ index, key }), calls, error: kept.error })
  }

  /** Whether another item may well succeed: not so for a full disk, a lost lease, a misuse of the library, or when the run is told to stop. */
  isOfTheItem(error: unknown): boolean {
    const { attempt, signal, progress } = this.#loop
    if (attempt.stopping || signal.aborted || progress.fault !== undefined) return false
    return !isWaymarkError(error) || error.code === 'limit' || error.code === 'invalid' || error.code === 'failed'
  }

  /** A share is held against the total once that is known. */
  beyondToleranceAtEnd(): LoopFailure | undefined {
    const { options, progress, path } = this.#loop
    const { done, skipped, setAside, total } = progress.counts
    if (options.tolerate === undefined || setAside === 0) return undefined
    const finished = done + skipped + setAside
    const beyond = beyondTolerance(options.tolerate, { setAside, total: total ?? finished, finished })
    return beyond === undefined ? undefined : { error: tooMany(path, setAside, beyond) }
  }
}

function tooMany(path: string, setAside: number, why: string, cause?: unknown): WaymarkError {
  const last = cause === undefined ? '' : `; the last one: ${cause instanceof Error ? cause.message : String(cause)}`
  return new WaymarkError('limit', {
    message: `${setAside} items of ${JSON.stringify(path)} kept failing, and ${why}${last}`,
    means: 'Everything finished is recorded, and so are the items set aside with their errors; the run can go on.',
    remedy: 'See why with waymark items RUN --set-aside; mend it, then waymark requeue RUN --all; or raise tolerate.',
    cause,
    details: { stage: path, setAside },
  })
}
