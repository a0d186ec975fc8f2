import { type FileStat, fileErrorCode } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { hiddenName } from './hidden-names.ts'
import type { OutputContext } from './item-target.ts'

/**
 * Removes a file that people can see, if it is still the one that was looked at. Between a look and a removal somebody may put another file there: a user, or the next owner of the run if this one was
 * stalled. So it is first taken away under a hidden name, looked at again there, and put back if it is another.
 *
 * @throws WaymarkError `fenced` if the run has a newer owner, `conflict` if there was another file and its place is taken by now
 */
export async function removeVisible(
  { files, run, token, mustOwn }: Pick<OutputContext, 'files' | 'run' | 'token' | 'mustOwn'>,
  folder: string,
  name: string,
  looked: FileStat,
): Promise<'removed' | 'kept'> {
  const path = `${folder}/${name}`
  const aside = `${folder}/${hiddenName({ run, token, kind: 'gone', number: 1 })}`
  await mustOwn?.()
  try {
    await files.rename(path, aside)
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return 'removed'
    throw error
  }
  if (isSame(await files.stat(aside), looked)) {
    await files.remove(aside)
    return 'removed'
  }
  if (await files.exists(path)) throw placeTaken(path, aside)
  await files.rename(aside, path)
  return 'kept'
}

const isSame = (found: FileStat | undefined, looked: FileStat): boolean =>
  found?.kind === looked.kind &&
  found.identity === looked.identity &&
  found.size === looked.size &&
  found.mtimeMs === looked.mtimeMs

const placeTaken = (path: string, aside: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} was replaced twice while the output was being opened`,
    means: 'Nothing was removed: the first file that came there is kept under a hidden name.',
    remedy: `Look at ${aside}, rename it if it is yours, and run the same command again.`,
    details: { file: path, aside },
  })
