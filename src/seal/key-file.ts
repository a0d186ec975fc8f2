import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { WaymarkError } from '../model/errors.ts'
import { checkNewSecret, checkSource, type MasterKey, secretIn } from './master-key.ts'

/**
 * A master key in a file: 32 bytes as hex or base64, in its first 1,024 bytes. The file must be readable by its owner only (mode 0600 or 0400), except on Windows.
 *
 * @example
 * const store = await open({ path: '.waymark', key: keyFile('/etc/waymark.key') })
 */
export function keyFile(path: string): MasterKey {
  checkSource('keyFile', path, 'in which file the key is', "keyFile('/etc/waymark.key')")
  const secret = async (): Promise<Buffer> => secretIn(readGuarded(path), `the file ${path}`)
  return {
    kind: 'file',
    description: `the file ${path}`,
    secretFor: secret,
    newSecret: async () => ({ secret: checkNewSecret(await secret(), `the file ${path}`), settings: {} }),
  }
}

const mostRead = 1024

/** A pipe without a writer is not waited for. */
function startOf(path: string): { readonly stats: Stats; readonly start: string } {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(file)
    const bytes = Buffer.alloc(mostRead)
    const length = stats.isFile() ? readSync(file, bytes, 0, mostRead, 0) : 0
    return { stats, start: bytes.toString('latin1', 0, length) }
  } finally {
    closeSync(file)
  }
}

function readGuarded(path: string): string {
  let mode: number
  let text: string
  try {
    const { stats, start } = startOf(path)
    mode = stats.mode
    text = start
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'it is a folder' : 'it is no regular file')
  } catch (cause) {
    throw new WaymarkError('key_missing', {
      message: `the key file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      means: 'Nothing was read or written.',
      remedy: 'Give the file that holds the key with --key file:PATH, or make one with: waymark keys new FILE',
      cause,
    })
  }
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    throw new WaymarkError('key_missing', {
      message: `the key file ${path} can be read by others than its owner (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
      means: 'The key was not used; nothing was read or written.',
      remedy: `Take the right from others: chmod 600 ${path}. If somebody may have read it, put another key in its place, and seal all anew: waymark keys rotate --to NEW, then waymark keys rekey --key NEW`,
    })
  }
  return text
}
