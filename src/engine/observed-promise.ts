/** A promise that knows whether anybody took its outcome, so that a failure nobody looked at is not lost. */
export class ObservedPromise<Value> extends Promise<Value> {
  /** Settles like this one, without counting as taking its outcome. */
  settled: Promise<Value> = this
  #observed = false

  static from<Value>(source: Promise<Value>): ObservedPromise<Value> {
    const promise = new ObservedPromise<Value>((resolve, reject) => {
      source.then(resolve, reject)
    })
    promise.settled = source
    // Not an unhandled rejection: the run reports it when it ends.
    Promise.prototype.then.call(promise, undefined, () => {})
    return promise
  }

  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  get observed(): boolean {
    return this.#observed
  }

  // biome-ignore lint/suspicious/noThenProperty: this is a promise
  override then<Fulfilled = Value, Rejected = never>(
    onFulfilled?: ((value: Value) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    this.#observed = true
    return super.then(onFulfilled, onRejected)
  }
}
