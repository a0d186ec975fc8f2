import type { Store } from '../engine/store.ts'
import { isWaymarkError } from '../model/errors.ts'
import { checkpointByPrefix, noCheckpoint } from './checkpoint-by-prefix.ts'
import { placeAt } from './checkpoint-place.ts'

/**
 * A checkpoint by its id or the first letters of it, else the newest of a run or stage.
 *
 * @throws WaymarkError `not_found` with what is near, `conflict` if a prefix fits several
 */
export async function checkpointAt(store: Store, address: string): Promise<string> {
  if (!/[@/]/.test(address)) {
    try {
      return await checkpointByPrefix(store, address)
    } catch (error) {
      if (!isWaymarkError(error, 'not_found')) throw error
      const place = await placeAt(store, address).catch(() => undefined)
      if (place === undefined) throw error
    }
  }
  const [newest] = await store.list({ ...(await placeAt(store, address)), limit: 1 })
  if (newest === undefined) throw await noCheckpoint(store, address)
  return newest.id
}
