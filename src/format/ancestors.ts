import { cyclicValue } from './encoding-errors.ts'
import { tooDeep } from './refused-value.ts'
import { defaultMaxDepth } from './value-depth.ts'
import { pathOf } from './value-path.ts'

/** The objects around what is being written, outermost first. */
export class Ancestors {
  /** How many there are. May be set back: to a depth that was reached before. */
  depth = 0
  /** Valid up to the depth. */
  readonly #objects: object[] = []

  /**
   * Cycles are found by looking through the ancestors, which costs nothing per object where nesting is shallow; below 32 levels
   * only every 16th looks, which meets any cycle a little later.
   */
  enter(value: object): void {
    const depth = this.depth
    const objects = this.#objects
    if (depth < 32 || depth % 16 === 0) {
      for (let index = 0; index < depth; index++) {
        if (objects[index] === value) throw cyclicValue(this.pathTo(value), pathOf(objects.slice(0, index + 1)))
      }
    }
    if (depth >= defaultMaxDepth) throw tooDeep(this.pathTo(value), defaultMaxDepth)
    objects[depth] = value
    this.depth = depth + 1
  }

  /** The object being written, if any. */
  get innermost(): object | undefined {
    return this.depth > 0 ? this.#objects[this.depth - 1] : undefined
  }

  has(value: object): boolean {
    return this.#objects.slice(0, this.depth).includes(value)
  }

  /** Where the object being written is. */
  path(): string {
    return pathOf(this.#objects.slice(0, this.depth))
  }

  /** Where something inside that object is. */
  pathTo(value: unknown): string {
    return pathOf([...this.#objects.slice(0, this.depth), value])
  }
}
