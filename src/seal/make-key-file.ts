import { randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileFault } from '../files/file-faults.ts'
import { fileErrorCode } from '../files/file-system.ts'
import { WaymarkError } from '../model/errors.ts'
import { masterSecretLength } from './master-pair.ts'

/**
 * Makes a key for {@link keyFile}: 32 random bytes as hex, in a file that its owner alone may read. Durable when it resolves, to the absolute path.
 *
 * @param path of a file that does not exist
 * @example
 * await makeKeyFile('/etc/waymark.key')
 * @throws WaymarkError `conflict` if the file exists, `unavailable`, `disk_full`
 */
export async function makeKeyFile(path: string): Promise<string> {
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
    throw fileFault(error, `make ${absolute}`, 'No key was made.')
  }
}

const exists = (path: string): WaymarkError =>
  new WaymarkError('conflict', {
    message: `${path} exists already`,
    means: 'No key was made: a key that is written over is lost, with all that only it opens.',
    remedy: 'Make the key in another file: waymark keys new FILE',
    details: { path },
  })
