import { ancestorsOf, type ScopePath } from './scope.ts'

/**
 * What is known by path, and what of it lies inside a path. For that an index is made when it is first asked for: most runs never throw a stage away, and millions of stages inside items would make it large.
 */
export class ScopeMap<Value> extends Map<ScopePath, Value> {
  #inside: Map<ScopePath, Set<ScopePath>> | undefined

  /** Paths inside this one, which itself is not among them; of '' all of them. */
  inside(ancestor: ScopePath): readonly ScopePath[] {
    if (ancestor === '') return [...this.keys()]
    if (this.#inside === undefined) {
      this.#inside = new Map()
      for (const path of this.keys()) this.#enter(this.#inside, path)
    }
    return [...(this.#inside.get(ancestor) ?? [])]
  }

  override set(path: ScopePath, value: Value): this {
    if (this.#inside !== undefined && !this.has(path)) this.#enter(this.#inside, path)
    return super.set(path, value)
  }

  override delete(path: ScopePath): boolean {
    if (this.#inside !== undefined) {
      for (const ancestor of ancestorsOf(path)) {
        const paths = this.#inside.get(ancestor)
        paths?.delete(path)
        if (paths?.size === 0) this.#inside.delete(ancestor)
      }
    }
    return super.delete(path)
  }

  override clear(): void {
    this.#inside = undefined
    super.clear()
  }

  #enter(index: Map<ScopePath, Set<ScopePath>>, path: ScopePath): void {
    for (const ancestor of ancestorsOf(path)) {
      const paths = index.get(ancestor)
      if (paths === undefined) index.set(ancestor, new Set([path]))
      else paths.add(path)
    }
  }
}
