import type { FileSystem } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { isSealed, readDescriptor } from './store-descriptor.ts'

/**
 * For a process that has a store open in plain: rejects once the store was sealed. Called after each write to the log and before it is acknowledged, so that whoever opens the sealed store knows of everything that was.
 *
 * @throws WaymarkError `key_missing`
 */
export async function refuseIfSealed(files: FileSystem, root: string): Promise<void> {
  if (!(await files.exists(`${root}/keys`))) return
  const descriptor = await readDescriptor(files, root)
  if (descriptor === undefined || !isSealed(descriptor)) return
  throw new WaymarkError('key_missing', {
    message: `the store ${root} was sealed while this process had it open`,
    means: 'This was not recorded; everything recorded before is safe.',
    remedy: 'Open the store again with its key (--key, or WAYMARK_KEY) and resume.',
  })
}
