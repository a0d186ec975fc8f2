import type { WaymarkError } from '../model/errors.ts'

/** After something of an output has failed, everything after it fails with the same error: what the output holds by then is not known. */
export class FirstFault {
  readonly #explain: (error: unknown) => WaymarkError
  #fault: WaymarkError | undefined

  /** @param explain The error for the user */
  constructor(explain: (error: unknown) => WaymarkError) {
    this.#explain = explain
  }

  /** @throws WaymarkError that of the work that failed */
  check(): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  async guard<T>(work: () => Promise<T>): Promise<T> {
    this.check()
    try {
      return await work()
    } catch (error) {
      this.#fault = this.#explain(error)
      throw this.#fault
    }
  }
}
