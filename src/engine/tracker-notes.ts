import type { StageNoted } from '../model/records.ts'
import type { Attempt } from './attempt.ts'

/** What is noted within this time goes into one record. */
const gatherMs = 250

/** What a loop says about itself between its items. Saying it costs nothing: of what is said quickly after another only the newest is recorded. */
export class TrackerNotes {
  readonly #attempt: Attempt
  readonly #path: string
  #metadata: Record<string, unknown> | undefined
  #currentStep: string | undefined
  #cancel: (() => void) | undefined

  constructor(attempt: Attempt, path: string) {
    this.#attempt = attempt
    this.#path = path
  }

  setMetadata(metadata: Readonly<Record<string, unknown>>): void {
    this.#metadata = { ...this.#metadata, ...metadata }
    this.#later()
  }

  setCurrentStep(text: string): void {
    this.#currentStep = text
    this.#later()
  }

  /** What was noted and is not in a record yet. */
  take(): readonly StageNoted[] {
    this.#cancel?.()
    this.#cancel = undefined
    const metadata = this.#metadata
    const currentStep = this.#currentStep
    if (metadata === undefined && currentStep === undefined) return []
    this.#metadata = undefined
    this.#currentStep = undefined
    const note: StageNoted = {
      type: 'stage.noted',
      time: this.#attempt.facts.core.clock.now(),
      path: this.#path,
      ...(metadata === undefined ? {} : { metadata }),
      ...(currentStep === undefined ? {} : { currentStep }),
    }
    return [note]
  }

  #later(): void {
    this.#cancel ??= this.#attempt.facts.core.clock.after(
      gatherMs,
      () => {
        for (const note of this.take()) this.#attempt.announce(note)
      },
      { background: true },
    )
  }
}
