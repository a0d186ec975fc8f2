import { pathText, type ValueStep } from '../model/value-step.ts'
import { defaultDiffLimit } from './diff-options.ts'
import type { Difference } from './difference.ts'
import { type Place, stepsBefore, stepsTo } from './place.ts'

/** Elements, entries or members of what is in both values. */
export interface SizeDifference {
  /** In the second value. */
  readonly path: string
  readonly before: number
  readonly after: number
}

/** By kind. */
export type DifferenceCounts = Readonly<Record<Difference['kind'], number>>

/** So many parts are told of one by one. */
export const mostParts = 1_000

/** The differences found so far: the first of them with what they are, all of them counted. */
export class FoundDifferences {
  readonly list: Difference[] = []
  readonly counts = { added: 0, removed: 0, changed: 0, moved: 0 }
  readonly sizes: SizeDifference[] = []
  /** All of them, also those beyond the limit. */
  count = 0
  readonly #limit: number

  constructor(limit = defaultDiffLimit) {
    this.#limit = limit
  }

  size(place: Place, before: number, after: number): void {
    if (before === after || this.sizes.length >= mostParts) return
    this.sizes.push({ path: pathText(stepsTo(place, undefined)), before, after })
  }

  added(place: Place, step: ValueStep, after: unknown): void {
    this.counts.added++
    if (this.count++ >= this.#limit) return
    const steps = stepsTo(place, step)
    this.list.push({ kind: 'added', path: pathText(steps), steps, after })
  }

  removed(place: Place, step: ValueStep, before: unknown): void {
    this.counts.removed++
    if (this.count++ >= this.#limit) return
    const steps = stepsBefore(place, step)
    this.list.push({ kind: 'removed', path: pathText(steps), steps, before })
  }

  moved(place: Place, step: ValueStep, before: ValueStep, after: unknown): void {
    this.counts.moved++
    if (this.count++ >= this.#limit) return
    const steps = stepsTo(place, step)
    this.list.push({ kind: 'moved', path: pathText(steps), steps, stepsBefore: stepsBefore(place, before), after })
  }

  changed(
    parent: Place | undefined,
    step: ValueStep | undefined,
    before: ValueStep | undefined,
    valueBefore: unknown,
    after: unknown,
  ): void {
    this.counts.changed++
    if (this.count++ >= this.#limit) return
    const steps = stepsTo(parent, step)
    const stepsFrom = stepsBefore(parent, before)
    this.list.push({ kind: 'changed', path: pathText(steps), steps, stepsBefore: stepsFrom, before: valueBefore, after })
  }
}

export const total = (counts: DifferenceCounts): number => counts.added + counts.removed + counts.changed + counts.moved
