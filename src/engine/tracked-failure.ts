import { errorFingerprint } from '../model/error-fingerprint.ts'
import { itemName } from '../model/recorded-stage.ts'
import type { SetAsideItem } from '../model/records.ts'
import type { Attempt } from './attempt.ts'
import { payloadOf } from './item-loop.ts'
import { storeError } from './stored-error.ts'

export interface Failure {
  readonly index: number
  readonly key: string | undefined
  readonly error: unknown
  readonly payload: unknown
  readonly calls: number
}

/** An item that a tracked loop says failed, as it is set aside. */
export function failedItem(attempt: Attempt, { index, key, error, payload, calls }: Failure): SetAsideItem {
  const stored = storeError(error, itemName(index, key))
  const kept = payload === undefined ? undefined : payloadOf(payload, attempt)
  return {
    index,
    ...(key === undefined ? {} : { key }),
    ...(kept === undefined ? {} : { payload: kept }),
    error: stored,
    fingerprint: errorFingerprint(stored),
    calls,
    time: attempt.facts.core.clock.now(),
  }
}
