import { readFileSync, statSync } from 'node:fs'
import { WaymarkError } from '../model/errors.ts'
import { type MasterKey, secretIn } from './master-key.ts'

/**
 * A master key in a file: 32 bytes as hex or base64. The file must be readable by its owner only (mode 0600 or 0400), except on Windows.
 *
 * @example
 * const store = await open({ path: '.waymark', key: keyFile('/etc/waymark.key') })
 */
export function keyFile(path: string): MasterKey {
  const secret = async (): Promise<Buffer> => secretIn(readGuarded(path), `the file ${path}`)
  return {
    kind: 'file',
    description: `the file ${path}`,
    secretFor: secret,
    newSecret: async () => ({ secret: await secret(), settings: {} }),
  }
}

function readGuarded(path: string): string {
  let mode: number
  let text: string
  try {
    mode = statSync(path).mode
    text = readFileSync(path, 'latin1').slice(0, 1024)
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
      remedy: `Take the right from others: chmod 600 ${path}. If somebody may have read it, change the key: waymark keys rotate`,
    })
  }
  return text
}
