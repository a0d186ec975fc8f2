import { withDataKey } from '../seal/key-ring.ts'
import type { StoreCore } from './store-core.ts'

/** A data key that has sealed more bytes than this is replaced when the store is opened. */
export const mostSealedBytes = 2 ** 40

/**
 * Makes a new data key for a store whose newest one has sealed enough: what the checkpoints take by now, less what they took when it was made, both as the catalog says, which costs a look at its tallies. What else is sealed
 * (records, parity) is not counted: no file shares its keys with another, so this is a habit, not a bound that may never be passed.
 */
export async function renewDataKey({ keeper, seals, readOnly, feed, clock, random }: StoreCore): Promise<void> {
  if (keeper === undefined || seals === undefined || readOnly) return
  const { storedBytes } = await feed.query(catalog => catalog.stats(clock.now()))
  const sealedBy = (key: { readonly storedBytes?: number } | undefined): number => storedBytes - (key?.storedBytes ?? 0)
  if (sealedBy(seals.current) <= mostSealedBytes) return
  await keeper.change(ring =>
    sealedBy(ring.dataKeys.at(-1)) <= mostSealedBytes ? ring : withDataKey(ring, random, clock.now(), storedBytes),
  )
  await seals.refresh()
}
