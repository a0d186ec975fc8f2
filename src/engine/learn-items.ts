import { decodeValue } from '../format/decode-value.ts'
import { isWaymarkError } from '../model/errors.ts'
import type { SetAsideItem } from '../model/records.ts'
import type { Redaction } from './redaction.ts'

/** Remembers what is secret of items that were put away: their errors tell of it. Apart from {@link Redaction}, which is also needed where nothing stored is read. */
export function learnItems(redaction: Redaction, items: readonly Pick<SetAsideItem, 'index' | 'key' | 'payload'>[] = []): void {
  for (const { index, key, payload } of items) {
    if (payload === undefined) continue
    try {
      redaction.item(decodeValue(payload), key ?? String(index))
    } catch (error) {
      // A class that is not known here: what it holds is not shown either.
      if (!isWaymarkError(error)) throw error
    }
  }
}
