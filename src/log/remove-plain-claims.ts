import type { FileSystem } from '../files/file-system.ts'
import type { Seals } from '../seal/seals.ts'
import { Claims } from './claims.ts'
import { claimedNames } from './name-claims.ts'

/** How a claim is called in a sealed store: see `Seals.name`. */
const sealedName = /^[0-9a-hjkmnp-tv-z]{26}$/

/**
 * Removes the claims under the names from before the store was sealed, which count no more since its first opening. Resolves with how many there were; interrupted, it is done again.
 *
 * @param isStream whether there is a stream of this name, which might also be a sealed one
 */
export async function removePlainClaims(
  files: FileSystem,
  root: string,
  seals: Seals,
  isStream: (name: string) => Promise<boolean>,
): Promise<number> {
  const folder = `${root}/claims`
  const claims = new Claims(files, folder, { nameOf: stream => seals.name('stream', stream), wasNamed: stream => stream })
  let removed = 0
  for (const name of await claimedNames(files, folder))
    if (!sealedName.test(name) || (await isStream(name))) removed += await claims.of(name).removeEarlier()
  return removed
}
