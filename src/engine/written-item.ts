import type { OutputItem } from '../outputs/item-target.ts'
import { idempotencyKey } from './idempotency-key.ts'

/** An item as an output is told of it. One is made for every result with an output, so the key is worked out only when asked for. */
export class WrittenItem implements OutputItem {
  readonly #run: string
  readonly #stage: string
  readonly index: number
  readonly key: string | undefined

  constructor(run: string, stage: string, index: number, key: string | undefined) {
    this.#run = run
    this.#stage = stage
    this.index = index
    this.key = key
  }

  get idempotencyKey(): string {
    return idempotencyKey(this.#run, this.#stage, this.key ?? String(this.index))
  }
}
