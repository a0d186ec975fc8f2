import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { fileFault } from '../files/file-faults.ts'
import { fileErrorCode } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { checkSource } from './master-key.ts'
import { masterSecretLength } from './master-pair.ts'

/**
 * Makes a key for {@link keyFile}: 32 random bytes as hex, in a file that its owner alone may read. Durable when it resolves, to the absolute path.
 *
 * @param path of a file that does not exist
 * @example
 * await makeKeyFile('/etc/waymark.key')
 * @throws WaymarkError `invalid` if its folder does not exist, `conflict` if the file exists, `unavailable`, `disk_full`
 */
export async function makeKeyFile(path: string): Promise<string> {
  checkSource('makeKeyFile', path, 'which file is to be made', "makeKeyFile('/etc/waymark.key')")
  const absolute = resolve(path)
  try {
    const file = await open(absolute, 'wx', 0o600)
    try {
      await file.writeFile(`${randomBytes(masterSecretLength).toString('hex')}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    return absolute
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') throw exists(absolute)
    if (['ENOENT', 'ENOTDIR'].includes(fileErrorCode(error) ?? '')) throw noFolder(absolute)
    throw fileFault(error, `make ${absolute}`, 'No key was made.')
  }
}

const noFolder = (path: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `${path} cannot be made: there is no folder ${dirname(path)}`,
    means: 'No key was made.',
    remedy: `Make the folder (mkdir -p ${dirname(path)}), or make the key in another one.`,
    details: { path },
  })

const exists = (path: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} exists already`,
    means: 'No key was made: a key that is written over is lost, with all that only it opens.',
    remedy: 'Make the key in another file: waymark keys new FILE',
    details: { path },
  })
