import type { ValueDrawn } from './records.ts'
import { isInside, itemPath, type ScopePath, stageNameOf, unescapeKey } from './scope.ts'

type Asked = Pick<ValueDrawn, 'kind' | 'index' | 'name'>

/** Values that were drawn in a run, by who drew them. */
export class DrawnValues {
  /** By name of the stage, then by scope: of a pass over items those of all its items are found at once. */
  readonly #scopes = new Map<ScopePath, Map<ScopePath, Map<string, ValueDrawn>>>()
  /** Those of format 1.1 and before, which told nobody's from anybody's: by order in the whole run. */
  readonly #byOrder = new Map<string, ValueDrawn>()

  /** The run was begun by a version that only counted calls; it keeps to that. */
  get areByOrder(): boolean {
    return this.#byOrder.size > 0
  }

  set(record: ValueDrawn): void {
    const { scope } = record
    if (scope === undefined) {
      this.#byOrder.set(slot(record), record)
      return
    }
    const stage = stageNameOf(scope)
    const ofStage = this.#scopes.get(stage) ?? new Map<ScopePath, Map<string, ValueDrawn>>()
    const ofScope = ofStage.get(scope) ?? new Map<string, ValueDrawn>()
    this.#scopes.set(stage, ofStage)
    ofStage.set(scope, ofScope)
    ofScope.set(slot(record), record)
  }

  /** @param scope undefined: counted over the whole run, see {@link areByOrder} */
  get(scope: ScopePath | undefined, asked: Asked): ValueDrawn | undefined {
    const ofScope = scope === undefined ? this.#byOrder : this.#scopes.get(stageNameOf(scope))?.get(scope)
    return ofScope?.get(slot(asked))
  }

  /** A stage is over, or thrown away: nobody asks for what was drawn by it and in it. */
  forget(path: ScopePath): void {
    for (const [stage, ofStage] of this.#scopes) {
      if (isInside(stage, path)) this.#scopes.delete(stage)
      else if (stage === path || stage === stageNameOf(path)) {
        for (const scope of ofStage.keys()) if (scope === path || isInside(scope, path)) ofStage.delete(scope)
        if (ofStage.size === 0) this.#scopes.delete(stage)
      }
    }
  }

  /** Items that are finished are not called again: ten million of them must not keep what they drew. */
  forgetItems(path: ScopePath, isFinished: (name: string) => boolean): void {
    const ofStage = this.#scopes.get(path)
    if (ofStage === undefined) return
    const prefix = path.length + 1
    for (const scope of ofStage.keys()) {
      const name = unescapeKey(scope.slice(prefix, -1))
      if (scope === itemPath(path, name) && isFinished(name)) ofStage.delete(scope)
    }
    if (ofStage.size === 0) this.#scopes.delete(path)
  }
}

/** The caller's name for a value, or its place among those without one. */
const slot = ({ kind, index, name }: Asked): string => (name === undefined ? `${kind} ${index}` : `${kind} "${name}`)
