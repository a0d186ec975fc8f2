import type { Plan, PlannedStage } from './plan.ts'
import type { ItemCounts } from './records.ts'
import type { AttemptProof, RedoneStage } from './recovery-proof.ts'
import type { ScopePath } from './scope.ts'

/** A pass over items that was called in an attempt, counted at its end. */
export interface PassFacts {
  readonly path: ScopePath
  /** Items recorded when it began, after what an output knew of was recorded too. */
  readonly before: number
  /** Items this attempt made durable. */
  readonly recordedNow: number
  /** Items recorded when it ended. */
  readonly after: number
  /** As recorded at its end. */
  readonly counts: ItemCounts | undefined
  /** True if every item is finished. */
  readonly completed: boolean
  /** Why what was recorded before was thrown away, if it was. */
  readonly redo: string | undefined
  /** Results handed to its output in this attempt, and rows that this has more than when the pass began; undefined where rows are not counted. */
  readonly rows: { readonly given: number; readonly added: number } | undefined
}

/** What happened to a stage in an attempt. */
export type StageFacts =
  | { readonly kind: 'reused'; readonly path: ScopePath; readonly items: number | undefined }
  | { readonly kind: 'called'; readonly path: ScopePath; readonly redo: string | undefined }
  | ({ readonly kind: 'pass' } & PassFacts)

/** Differences kept of an attempt: with more of them the first ones tell as much. */
const maxDifferences = 20
/** Stages that were redone are listed up to here; all are counted. */
const maxRedone = 20

/** Compares what an attempt did with its plan, stage by stage as they end: only sums are kept, so that it does not matter how many there are. */
export class PlanCheck {
  readonly #planned: ReadonlyMap<ScopePath, PlannedStage>
  readonly #items = { reused: 0, new: 0, total: 0 }
  readonly #stages = { reused: 0, new: 0, total: 0 }
  #inside = 0
  readonly #differences: string[] = []
  readonly #redone: RedoneStage[] = []
  #redoneCount = 0

  constructor(plan: Pick<Plan, 'stages'>) {
    this.#planned = new Map(plan.stages.map(stage => [stage.path, stage]))
  }

  note(facts: StageFacts): void {
    const planned = this.#planned.get(facts.path)
    for (const difference of differencesOf(facts, planned))
      if (this.#differences.length < maxDifferences) this.#differences.push(difference)
    if (facts.kind !== 'reused' && facts.redo !== undefined) {
      if (++this.#redoneCount <= maxRedone) this.#redone.push({ path: facts.path, why: facts.redo })
    }
    if (facts.path.includes('/')) {
      if (facts.kind === 'pass') this.#inside += facts.recordedNow
      return
    }
    if (facts.kind === 'pass') {
      const reused = facts.redo === undefined ? facts.before : 0
      this.#items.reused += reused
      this.#items.new += facts.recordedNow
      this.#items.total += facts.after
      if (!facts.completed) return
    }
    if (facts.kind === 'reused' && facts.items !== undefined) {
      this.#items.reused += facts.items
      this.#items.total += facts.items
    }
    this.#stages[facts.kind === 'reused' ? 'reused' : 'new']++
    this.#stages.total++
  }

  get proof(): AttemptProof {
    return {
      items: { ...this.#items },
      stages: { ...this.#stages },
      ...(this.#inside === 0 ? {} : { inside: this.#inside }),
      differences: [...this.#differences],
      ...(this.#redoneCount === 0 ? {} : { redone: [...this.#redone] }),
      ...(this.#redoneCount > maxRedone ? { redoneCount: this.#redoneCount } : {}),
    }
  }
}

/** What of a stage is not as the plan said, or does not add up; in words. */
function differencesOf(facts: StageFacts, planned: PlannedStage | undefined): readonly string[] {
  const { path } = facts
  switch (facts.kind) {
    case 'reused': {
      const lost = planned?.recorded !== undefined && facts.items !== undefined && facts.items < planned.recorded
      return lost ? [`${path}: ${planned.recorded} recorded items were planned to be reused, and ${facts.items} are there`] : []
    }
    case 'called':
      return planned?.action === 'reuse' && facts.redo === undefined ? [`${path} was planned to be reused, and was called`] : []
    case 'pass':
      return passDifferences(facts, planned)
  }
}

function passDifferences(facts: PassFacts, planned: PlannedStage | undefined): readonly string[] {
  const { path, before, recordedNow, after, counts, completed, redo, rows } = facts
  const found: string[] = []
  if (redo === undefined && planned?.recorded !== undefined && before < planned.recorded)
    found.push(`${path}: ${planned.recorded} recorded items were planned to be reused, and ${before} were there`)
  if (redo !== undefined && before > 0) found.push(`${path} was thrown away, and ${before} items of it were still recorded`)
  // An item recorded twice is there once, so that a call of a recorded item shows here.
  if (before + recordedNow !== after)
    found.push(`${path}: ${before} items recorded before and ${recordedNow} now are not the ${after} that are recorded`)
  const counted = counts === undefined ? 0 : counts.done + counts.skipped + counts.setAside
  if (counted !== after) found.push(`${path}: ${counted} items are counted, and ${after} are recorded`)
  if (completed && counts?.total !== undefined && after < counts.total)
    found.push(`${path} was completed with ${after} of ${counts.total} items recorded`)
  if (rows !== undefined && rows.given !== rows.added)
    found.push(`${path}: ${rows.given} results were given to its output, which has ${rows.added} more`)
  return found
}
