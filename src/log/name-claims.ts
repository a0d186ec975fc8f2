import { type FileSystem, fileErrorCode } from '../files/file-system.ts'
import { namesIn } from '../files/names-in.ts'
import type { Seals } from '../seal/seals.ts'
import { Claims } from './claims.ts'

/**
 * Gives the claims of a store that was just sealed their sealed names, once: `keys/claims-named` says that it is done. From then on only sealed names count.
 *
 * Whoever has the store open in plain acknowledges nothing from the moment there are keys: every claim that matters is there before this begins, and what such a process claims later means nothing. So it must not be looked at
 * again, or it would seem to fence an owner of today. Interrupted, or in two processes at once, it is done again.
 *
 * @param mayWrite false: the store is only read, and claims count under either name until somebody else has done this
 */
export async function nameClaims(files: FileSystem, root: string, seals: Seals, mayWrite: boolean): Promise<void> {
  const mark = `${root}/keys/claims-named`
  if (!seals.acceptsPlain || (await files.exists(mark))) return
  if (!mayWrite) return seals.alsoTakePlainClaims()
  const folder = `${root}/claims`
  const claims = new Claims(files, folder, { nameOf: stream => seals.name('stream', stream), wasNamed: stream => stream })
  for (const stream of await claimedNames(files, folder)) await claims.of(stream).copyEarlier()
  try {
    const file = await files.open(mark, 'create')
    await file.sync()
    await file.close()
  } catch (error) {
    if (fileErrorCode(error) !== 'EEXIST') throw error
  }
  await files.syncDirectory(`${root}/keys`)
}

/** Names before the token, whatever they are. */
export async function claimedNames(files: FileSystem, folder: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>()
  for (const shard of await namesIn(files, folder)) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue
    // One that cannot be listed must not pass for one without claims.
    for (const name of await files.list(`${folder}/${shard}`)) {
      const stream = /^(.+)\.[1-9][0-9]*$/.exec(name)?.[1]
      if (stream !== undefined) names.add(stream)
    }
  }
  return names
}
