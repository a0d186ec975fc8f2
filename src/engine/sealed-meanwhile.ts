import { fileFault } from '../files/file-faults.ts'
import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import type { LockedRing } from '../seal/key-ring.ts'

/**
 * For a process that has a store open in plain: rejects once there are keys for it. Called after each write to the log and before it is acknowledged, so that whoever opens the sealed store knows of everything that was.
 *
 * It goes by the ring, not by what the descriptor says: a process that just upgrades the descriptor could put back the one from before.
 *
 * @throws WaymarkError `key_missing`
 */
export async function refuseIfSealed(files: FileSystem, root: string): Promise<void> {
  if ((await sealedByHalf(files, root)) === undefined) return
  throw new WaymarkError('key_missing', {
    message: `the store ${root} was sealed while this process had it open`,
    means: 'This does not count as recorded, though a resume may find that it was; all that was recorded before stays.',
    remedy: 'Open the store again with its key (--key, or WAYMARK_KEY) and resume.',
  })
}

/** The ring that somebody has made, or just makes, for a store whose descriptor was that of a plain one. */
export async function sealedByHalf(files: FileSystem, root: string): Promise<LockedRing | undefined> {
  const hasKeys = await files.exists(`${root}/keys`).catch((error: unknown) => {
    throw fileFault(error, `look for ${root}/keys`, 'Nothing was changed.')
  })
  if (!hasKeys) return undefined
  const { RingFiles } = await import('../seal/ring-files.ts')
  return new RingFiles(files, root).read()
}
