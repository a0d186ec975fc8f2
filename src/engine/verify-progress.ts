import { WaymarkError } from '../model/errors.ts'
import type { VerifyOptions } from './verify-report.ts'

/** Counts what is read, tells of what is done, and stops when it is told to. */
export class VerifyMeter {
  /** Bytes read. */
  read = 0
  #done = 0
  #total = 0
  readonly #options: VerifyOptions

  constructor(options: VerifyOptions) {
    this.#options = options
  }

  expect(bytes: number): void {
    this.#total += bytes
  }

  /** @throws WaymarkError `cancelled` if the signal says so */
  count(bytes: number): void {
    this.read += bytes
    if (this.#options.signal?.aborted !== true) return
    throw new WaymarkError('cancelled', {
      message: 'the verification was told to stop',
      means: 'Nothing was changed; what was not read yet is not verified.',
      remedy: 'Run it again.',
      retryable: true,
      cause: this.#options.signal.reason,
    })
  }

  finish(bytes: number): void {
    this.#done += bytes
    this.#options.onProgress?.({ done: Math.min(this.#done, this.#total), total: this.#total })
  }
}
