import type { RecordedStage } from './recorded-stage.ts'
import { isInside } from './scope.ts'

/**
 * Stages by the order of their first calls, from which those after a place are taken out. Of thousands of stages that each reach all after them, every stage is so looked at once, and not once for
 * each before it.
 */
export class StagesByOrder {
  /** Ascending by `order`. */
  readonly #stages: RecordedStage[]

  constructor(stages: Iterable<RecordedStage>) {
    this.#stages = [...stages].sort((a, b) => a.order - b.order)
  }

  /** Adds a stage, or puts it in the place of the one of its path. */
  add(stage: RecordedStage): void {
    const at = this.#firstFrom(stage.order)
    const isThere = this.#stages[at]?.order === stage.order && this.#stages[at]?.path === stage.path
    if (at === this.#stages.length) this.#stages.push(stage)
    else this.#stages.splice(at, isThere ? 1 : 0, stage)
  }

  /** Takes out the stages that were first called after this one, and do not lie inside it. */
  takeAfter({ order, path }: RecordedStage): readonly RecordedStage[] {
    const after = this.#stages.splice(this.#firstFrom(order + 1))
    const taken: RecordedStage[] = []
    for (const stage of after) (isInside(stage.path, path) ? this.#stages : taken).push(stage)
    return taken
  }

  /** Index of the first stage of this order or a greater one. */
  #firstFrom(order: number): number {
    let [low, high] = [0, this.#stages.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#stages[middle]?.order ?? 0) < order) low = middle + 1
      else high = middle
    }
    return low
  }
}
