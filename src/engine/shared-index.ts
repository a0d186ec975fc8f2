import type { EventIndex } from '../catalog/event-index.ts'

/** The index for as long as somebody uses it. */
export interface HeldIndex {
  readonly index: EventIndex
  /** Idempotent. */
  release(): void
}

/** An index that several use at once: where another takes its place, it is closed with the last of them. */
export class SharedIndex {
  readonly index: EventIndex
  #users = 0
  #isRetired = false

  constructor(index: EventIndex) {
    this.index = index
  }

  hold(): HeldIndex {
    this.#users++
    let isHeld = true
    const release = (): void => {
      if (!isHeld) return
      isHeld = false
      this.#users--
      this.#closeUnused()
    }
    return { index: this.index, release }
  }

  /** Nobody begins to use it any more. */
  retire(): void {
    this.#isRetired = true
    this.#closeUnused()
  }

  #closeUnused(): void {
    if (this.#isRetired && this.#users === 0) this.index.close()
  }
}
