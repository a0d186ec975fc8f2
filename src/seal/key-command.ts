import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { WaymarkError } from '../model/errors.ts'
import { type MasterKey, secretIn } from './master-key.ts'

const execFileAsync = promisify(execFile)
const longestMs = 60_000
const mostOutput = 64 * 1024

/**
 * A master key that a command prints: 32 bytes as hex or base64, from a password manager, say. It is run by the shell, without input, once for each opening; what it prints on stderr is shown if it fails.
 *
 * @example
 * const store = await open({ path: '.waymark', key: keyCommand('pass show waymark/key') })
 */
export function keyCommand(command: string): MasterKey {
  let printed: Promise<Buffer> | undefined
  const secret = (): Promise<Buffer> => {
    printed ??= run(command).then(text => secretIn(text, `what the command ${command} printed`))
    return printed
  }
  return {
    kind: 'command',
    description: `the command ${command}`,
    secretFor: secret,
    newSecret: async () => ({ secret: await secret(), settings: {} }),
  }
}

async function run(command: string): Promise<string> {
  const [shell, flag] = process.platform === 'win32' ? [process.env['ComSpec'] ?? 'cmd.exe', '/c'] : ['/bin/sh', '-c']
  try {
    const child = execFileAsync(shell, [flag, command], { timeout: longestMs, maxBuffer: mostOutput })
    child.child.stdin?.end()
    return (await child).stdout
  } catch (cause) {
    throw new WaymarkError('key_missing', {
      message: `the command for the key failed: ${failure(cause)}`,
      means: 'Nothing was read or written.',
      remedy: `Run it by hand to see why: ${command}`,
      cause,
    })
  }
}

/** Never what it printed on stdout, which may be the key. */
function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('killed' in error && error.killed === true) return `it did not end within ${longestMs / 1000} s`
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().slice(0, 500) : ''
  const code = 'code' in error ? `exit ${String(error.code)}` : error.message
  return said === '' ? code : `${code}, ${said}`
}
