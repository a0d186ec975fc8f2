import { isPromiseLike } from '../model/is-promise-like.ts'

/** The steps of what a user gives, plain or asynchronous. None is waited for once a signal aborts: each then ends with its reason. */
export class SourceSteps<Row> {
  readonly #source: Iterator<Row> | AsyncIterator<Row>
  readonly #signal: AbortSignal | undefined
  /** Ends what is waited for. One for all steps: to race each with the same promise would keep something of each until the end. */
  #giveUp: ((reason: unknown) => void) | undefined

  constructor(source: Iterator<Row> | AsyncIterator<Row>, signal: AbortSignal | undefined) {
    this.#source = source
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  readonly #onAbort = (): void => this.#giveUp?.(this.#signal?.reason)

  /** To await what is there already would cost more than to put it into columns. */
  next(): IteratorResult<Row> | Promise<IteratorResult<Row>> {
    const step: IteratorResult<Row> | PromiseLike<IteratorResult<Row>> = this.#source.next()
    return isPromiseLike(step) ? this.#unlessAborted(step) : step
  }

  /** When no more steps are wanted: what the source throws when it closes is told. */
  async close(): Promise<void> {
    this.end()
    await this.#source.return?.()
  }

  /** After an error, which is what is told: not what the source throws when it closes. */
  async closeAfterError(): Promise<void> {
    try {
      const closed = this.#source.return?.()
      if (isPromiseLike(closed)) await this.#unlessAborted(closed)
    } catch {
      // The first error is why.
    } finally {
      this.end()
    }
  }

  #unlessAborted<Value>(promise: PromiseLike<Value>): Promise<Value> {
    const signal = this.#signal
    if (signal === undefined) return Promise.resolve(promise)
    return new Promise((resolve, reject) => {
      this.#giveUp = reject
      promise.then(resolve, reject)
      if (signal.aborted) reject(signal.reason)
    })
  }

  /** The signal, which may live longer, is left alone. */
  end(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}
