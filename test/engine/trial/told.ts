/** Something a caller was told, so that it must stay true. */
export type Promised =
  | { readonly kind: 'saved'; readonly name: string; readonly id: string; readonly value: unknown }
  | { readonly kind: 'deleted'; readonly id: string }
  | { readonly kind: 'stage'; readonly path: string }
  | { readonly kind: 'completed'; readonly run: string }

/** What callers were told over all processes of a trial, and when. */
export class Told {
  readonly #promises: { readonly after: number; readonly promise: Promised }[] = []

  /** @param after The last operation of the disk then. */
  note(after: number, promise: Promised): void {
    this.#promises.push({ after, promise })
  }

  /** Nobody can say any more whether this checkpoint is there. */
  forget(id: string): void {
    const at = this.#promises.findIndex(({ promise }) => promise.kind === 'saved' && promise.id === id)
    if (at >= 0) this.#promises.splice(at, 1)
  }

  /** What had been told by an operation: a crash right after it may take the rest. */
  upTo(operation: number): Told {
    const told = new Told()
    for (const { after, promise } of this.#promises) if (after <= operation) told.note(after, promise)
    return told
  }

  get promises(): readonly Promised[] {
    return this.#promises.map(({ promise }) => promise)
  }

  get stages(): ReadonlySet<string> {
    return new Set(this.promises.flatMap(promise => (promise.kind === 'stage' ? [promise.path] : [])))
  }

  get completed(): string | undefined {
    return this.promises.flatMap(promise => (promise.kind === 'completed' ? [promise.run] : []))[0]
  }

  /** Id of the state saved under a name of the caller's own making. */
  idOf(name: string): string | undefined {
    return this.promises.flatMap(promise => (promise.kind === 'saved' && promise.name === name ? [promise.id] : []))[0]
  }

  isDeleted(id: string): boolean {
    return this.promises.some(promise => promise.kind === 'deleted' && promise.id === id)
  }
}
