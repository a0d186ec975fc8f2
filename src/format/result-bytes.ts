import { WaymarkError } from '../model/errors.ts'
import type { ItemResult } from '../model/records.ts'
import { longestVarint, unzigzag, VarintReader, varintLength, writeVarint, zigzag } from './varint.ts'

/** Encoded results of items, one after another: for each, as varints, how far its index lies from the one before (zigzag; the first from 0) and how long the value is; then the value. */
export class ResultBytes {
  #bytes: Uint8Array = new Uint8Array(0)
  #length = 0
  #index = 0

  /** Bytes so far. */
  get length(): number {
    return this.#length
  }

  push(index: number, value: Uint8Array): void {
    const step = zigzag(index - this.#index)
    const end = this.#length + varintLength(step) + varintLength(value.length) + value.length
    if (end > this.#bytes.length) this.#grow(end)
    const at = writeVarint(this.#bytes, writeVarint(this.#bytes, this.#length, step), value.length)
    this.#bytes.set(value, at)
    this.#length = end
    this.#index = index
  }

  /** Hands over what there is and begins anew; the result is never written to again. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length)
    this.#bytes = new Uint8Array(0)
    this.#length = 0
    this.#index = 0
    return taken
  }

  #grow(atLeast: number): void {
    const grown = new Uint8Array(Math.max(atLeast, this.#bytes.length * 2, 1024))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

/**
 * The results that {@link ResultBytes} put together; the values are views of the bytes.
 *
 * @throws WaymarkError `corrupt`
 */
export function* resultsIn(bytes: Uint8Array): Generator<ItemResult, void, undefined> {
  const reader = new VarintReader(bytes, longestVarint)
  let index = 0
  while (reader.position < bytes.length) {
    const step = reader.next()
    const length = reader.next()
    if (step === undefined || length === undefined) throw damaged(reader.position)
    index += unzigzag(step)
    const from = reader.position
    if (index < 0 || !Number.isSafeInteger(index) || from + length > bytes.length) throw damaged(from)
    reader.position = from + length
    yield [index, bytes.subarray(from, from + length)]
  }
}

function damaged(at: number): WaymarkError {
  return new WaymarkError('corrupt', {
    message: `a list of results is damaged at byte ${at}`,
    means: 'The results in it cannot be read; nothing was changed.',
    remedy: 'Run the stage again with --redo STAGE, or put back the store from a backup.',
  })
}
