import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { checkOptions, type OptionRules, optionRules } from '../model/check-options.ts'
import { systemClock } from '../model/clock.ts'
import { WaymarkError } from '../model/errors.ts'
import { endProcessTree } from './end-process-tree.ts'
import { checkNewSecret, checkSource, type MasterKey, secretIn } from './master-key.ts'

const execFileAsync = promisify(execFile)
const mostOutput = 64 * 1024

export interface KeyCommandOptions {
  /** Milliseconds after which the command is ended, with what it started. Default 60,000. */
  readonly timeoutMs?: number
}

const rules: OptionRules<KeyCommandOptions> = { timeoutMs: optionRules.limitMs }

/**
 * A master key that a command prints: 32 bytes as hex or base64, from a password manager, say. It is run by the shell, without input, once for each opening; what it prints on stderr is shown if it fails.
 *
 * @example
 * const store = await open({ path: '.waymark', key: keyCommand('pass show waymark/key') })
 * @throws WaymarkError `invalid`
 */
export function keyCommand(command: string, options: KeyCommandOptions = {}): MasterKey {
  checkSource('keyCommand', command, 'which command prints the key', "keyCommand('pass show waymark/key')")
  checkOptions('keyCommand', options, rules, 'Nothing was read or written.')
  const { timeoutMs = 60_000 } = options
  let printed: Promise<Buffer> | undefined
  const secret = (): Promise<Buffer> => {
    printed ??= run(command, timeoutMs).then(text => secretIn(text, `what the command ${command} printed`))
    return printed
  }
  return {
    kind: 'command',
    description: `the command ${command}`,
    secretFor: secret,
    newSecret: async () => ({ secret: checkNewSecret(await secret(), `what the command ${command} printed`), settings: {} }),
  }
}

async function run(command: string, timeoutMs: number): Promise<string> {
  const [shell, flag] = process.platform === 'win32' ? [process.env['ComSpec'] ?? 'cmd.exe', '/c'] : ['/bin/sh', '-c']
  let isLate = false
  const running = execFileAsync(shell, [flag, command], { maxBuffer: mostOutput })
  const { child } = running
  child.stdin?.end()
  // No group of its own: it may ask for something on the terminal, and Ctrl-C there is meant for it too.
  const cancelTimer = systemClock.after(timeoutMs, () => {
    isLate = true
    void endProcessTree(child)
  })
  try {
    return (await running).stdout
  } catch (cause) {
    throw new WaymarkError('key_missing', {
      message: `the command for the key failed: ${isLate ? `it did not end within ${timeoutMs / 1000} s` : failure(cause)}`,
      means: 'Nothing was read or written.',
      remedy: `Run it by hand to see why: ${command}`,
      cause,
    })
  } finally {
    cancelTimer()
  }
}

/** Never what it printed on stdout, which may be the key. */
function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().slice(0, 500) : ''
  const code = 'code' in error ? `exit ${String(error.code)}` : error.message
  return said === '' ? code : `${code}, ${said}`
}
