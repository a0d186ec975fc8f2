import type { SetAsideItem, StoredError } from './records.ts'
import type { RecordPosition } from './run-view.ts'

/** One that is remembered: the item itself and its own error, which may be long, are read from its record when they are asked for. There may be ten million. */
export type RememberedItem = Pick<SetAsideItem, 'index' | 'key' | 'fingerprint' | 'calls' | 'time'> & {
  /** The record that holds the rest. */
  readonly recordedIn: RecordPosition
  /** One for all items of a stage that failed in the same way. */
  readonly sample: ErrorSample
}

export interface ErrorSample {
  /** Of the item put away last. */
  readonly error: StoredError
}

/** Characters of a message, once there are many ways to fail. */
const briefLength = 200
/** Errors that are kept as they are. */
const mostWhole = 1_000

/** The errors of a stage's items, one of each kind: what is kept of them does not grow with the items. */
export class ErrorSamples {
  readonly #samples = new Map<string, { error: StoredError }>()

  /** The sample of this kind, with this error as the newest. */
  take(fingerprint: string, error: StoredError): ErrorSample {
    const kept = this.#samples.size < mostWhole ? error : brief(error)
    const known = this.#samples.get(fingerprint)
    if (known !== undefined) {
      known.error = kept
      return known
    }
    const sample = { error: kept }
    this.#samples.set(fingerprint, sample)
    return sample
  }
}

const brief = ({ name, message, item }: StoredError): StoredError => ({
  name: cut(name),
  message: cut(message),
  ...(item === undefined ? {} : { item }),
})

/** A slice alone would keep the whole text in memory. */
const cut = (text: string): string =>
  text.length <= briefLength ? text : Buffer.from(`${text.slice(0, briefLength - 1)}…`).toString()
