import { encodeValue } from '../format/encode-value.ts'
import { errorFingerprint } from '../model/error-fingerprint.ts'
import { isWaymarkError } from '../model/errors.ts'
import { itemName } from '../model/recorded-stage.ts'
import type { SetAsideItem } from '../model/records.ts'
import type { Attempt } from './attempt.ts'

/** An item whose calls have failed for good. */
export interface FailedItem {
  readonly index: number
  readonly key: string | undefined
  readonly error: unknown
  /** See {@link payloadOf}. */
  readonly payload: Uint8Array | undefined
  readonly calls: number
}

/** What is recorded of an item that is set aside. */
export function setAsideItem(attempt: Attempt, { index, key, error, payload, calls }: FailedItem): SetAsideItem {
  const stored = attempt.facts.core.redaction.thrown(error, itemName(index, key))
  return {
    index,
    ...(key === undefined ? {} : { key }),
    ...(payload === undefined ? {} : { payload }),
    error: stored,
    fingerprint: errorFingerprint(stored),
    calls,
    time: attempt.facts.core.clock.now(),
  }
}

/** Longer ones are not kept: the item is then read from its input again. */
const mostPayloadBytes = 64 << 10

/** The item as it is kept when it is set aside; undefined if it cannot be stored, or is too long. */
export function payloadOf(item: unknown, attempt: Attempt): Uint8Array | undefined {
  try {
    const bytes = encodeValue(item, { codecs: attempt.facts.core.codecs })
    return bytes.length > mostPayloadBytes ? undefined : bytes
  } catch (error) {
    if (isWaymarkError(error, 'invalid')) return undefined
    throw error
  }
}
