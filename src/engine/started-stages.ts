import { isInside, type ScopePath } from '../model/scope.ts'

/** A stage that was called in this attempt. */
export interface StartedStage {
  readonly path: ScopePath
  readonly settled: Promise<unknown>
  /** True once somebody took its outcome. */
  readonly observed: () => boolean
}

/** The stages of an attempt that go on, and those whose error nobody took so far. */
export class StartedStages {
  readonly #stages = new Set<StartedStage>()

  track(stage: StartedStage): void {
    this.#stages.add(stage)
    // An outcome holds the result: ten million of them must not stay until the attempt ends.
    stage.settled.then(
      () => this.#stages.delete(stage),
      () => stage.observed() && this.#stages.delete(stage),
    )
  }

  /** Waits for what a function started by name and left to itself. */
  async settleIn(scope: ScopePath): Promise<void> {
    for (const { path, settled } of [...this.#stages]) if (isInside(path, scope)) await settled.catch(() => {})
  }

  /** Waits until every stage that was started has ended; the first failure that nobody took, if any. */
  async settle(): Promise<{ readonly error: unknown } | undefined> {
    let unobserved: { error: unknown } | undefined
    // Stages may start further ones while this waits.
    for (const stage of this.#stages) {
      try {
        await stage.settled
      } catch (error) {
        if (!stage.observed()) unobserved ??= { error }
      }
    }
    return unobserved
  }
}
