import type { CheckpointView } from '../model/run-view.ts'
import type { DamagedCheckpoint } from './verify-report.ts'
import type { RecordSurvey } from './verify-store.ts'

/** Parents that are looked at, one behind the other. */
const mostParents = 1_000

/** Finds for each damaged checkpoint the newest intact one before it. Is shown all of them, newest first. */
export class LastGood {
  readonly #query: RecordSurvey['query']
  readonly #waiting = new Map<string, string[]>()
  readonly #found = new Map<string, string>()
  readonly #damaged = new Set<string>()

  constructor(query: RecordSurvey['query']) {
    this.#query = query
  }

  saw(view: CheckpointView, isDamaged: boolean): void {
    if (isDamaged) this.#damaged.add(view.id)
    if (view.run === undefined && view.stage === undefined) return
    const lineage = JSON.stringify([view.run, view.stage])
    const waiting = this.#waiting.get(lineage) ?? []
    if (isDamaged) {
      waiting.push(view.id)
      this.#waiting.set(lineage, waiting)
      return
    }
    // Also what is only marked may be wrong in a way that bytes do not show.
    if (view.status === 'damaged') return
    for (const id of waiting) this.#found.set(id, view.id)
    this.#waiting.delete(lineage)
  }

  async fill(damaged: readonly DamagedCheckpoint[]): Promise<readonly DamagedCheckpoint[]> {
    const filled: DamagedCheckpoint[] = []
    for (const one of damaged) {
      const isLabelled = one.run !== undefined || one.stage !== undefined
      const lastGood = isLabelled ? this.#found.get(one.id) : await this.#intactParent(one.id)
      filled.push(lastGood === undefined ? one : { ...one, lastGood })
    }
    return filled
  }

  async #intactParent(id: string): Promise<string | undefined> {
    let at: string | undefined = id
    for (let looked = 0; at !== undefined && looked < mostParents; looked++) {
      const child: string = at
      const view: CheckpointView | undefined = await this.#query(catalog => catalog.checkpoint(child))
      if (view !== undefined && !this.#damaged.has(child) && view.status !== 'damaged') return child
      at = view?.parent
    }
    return undefined
  }
}
