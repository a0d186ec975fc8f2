/** The values marked as shared (tag 28), by their number, while a value is read. */
export class SharedValues {
  /** Undefined while the instance of a registered class has not been made yet. */
  readonly #values: (object | undefined)[] = []
  readonly #isUsed: boolean[] = []
  #unused = 0
  /** The number whose value comes next, or -1. */
  #pending = -1

  get isPending(): boolean {
    return this.#pending >= 0
  }

  /** A mark that nothing refers to: the writer does not make these. */
  get hasUnused(): boolean {
    return this.#unused > 0
  }

  /** The item that follows is shared. */
  announce(): void {
    this.#pending = this.#values.push(undefined) - 1
    this.#isUsed.push(false)
    this.#unused++
  }

  /** Takes over from {@link made} for a value that is made only after what it holds: give its number to {@link put} then. */
  take(): number {
    const number = this.#pending
    this.#pending = -1
    return number
  }

  put(number: number, value: object): void {
    if (number >= 0) this.#values[number] = value
  }

  /** Called with every container as soon as it is there and before what it holds, which may refer to it. */
  made(value: object): void {
    if (this.#pending >= 0) this.put(this.take(), value)
  }

  /** Undefined if there is no such value, or not yet. */
  get(number: number): object | undefined {
    const value = this.#values[number]
    if (value !== undefined && this.#isUsed[number] === false) {
      this.#isUsed[number] = true
      this.#unused--
    }
    return value
  }
}
