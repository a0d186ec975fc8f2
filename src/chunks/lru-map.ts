interface Held<Value> {
  readonly value: Value
  readonly weight: number
}

/** Keeps the values used last, up to a weight in all. A promise that rejects is forgotten, so that the next asks again. */
export class LruMap<Value> {
  readonly #limit: number
  readonly #onDropped: (value: Value) => void
  readonly #held = new Map<string, Held<Value>>()
  #weight = 0

  constructor(limit: number, onDropped: (value: Value) => void = () => {}) {
    this.#limit = limit
    this.#onDropped = onDropped
  }

  get(key: string): Value | undefined {
    return this.#held.get(key)?.value
  }

  getOrMake(key: string, make: () => Value, weight = 1): Value {
    const known = this.#held.get(key)
    if (known !== undefined) {
      this.#held.delete(key)
      this.#held.set(key, known)
      return known.value
    }
    const value = make()
    const held = { value, weight }
    this.#held.set(key, held)
    this.#weight += weight
    if (value instanceof Promise) value.catch(() => this.#forget(key, held))
    this.#dropOldest(held)
    return value
  }

  /** Forgets everything; gives what was held, without calling `onDropped`. */
  clear(): readonly Value[] {
    const values = [...this.#held.values()].map(held => held.value)
    this.#held.clear()
    this.#weight = 0
    return values
  }

  #dropOldest(newest: Held<Value>): void {
    for (const [key, held] of this.#held) {
      if (this.#weight <= this.#limit || held === newest) return
      this.#forget(key, held)
      this.#onDropped(held.value)
    }
  }

  #forget(key: string, held: Held<Value>): void {
    if (this.#held.get(key) !== held) return
    this.#held.delete(key)
    this.#weight -= held.weight
  }
}
