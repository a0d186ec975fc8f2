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
  const name = nameOf(command)
  const secret = (): Promise<Buffer> => {
    printed ??= run(command, timeoutMs).then(text => secretIn(text, `what ${name} printed`))
    return printed
  }
  return {
    kind: 'command',
    description: name,
    secretFor: secret,
    newSecret: async () => ({ secret: checkNewSecret(await secret(), `what ${name} printed`), settings: {} }),
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
  } catch (error) {
    // Without the error as its cause, in which are the command and what it printed.
    throw new WaymarkError('key_missing', {
      message: `${nameOf(command)}, which is to print the key, failed: ${isLate ? `it did not end within ${timeoutMs / 1000} s` : failure(error)}`,
      means: 'Nothing was read or written.',
      remedy: 'Run it by hand to see why. What it prints on stdout is 64 hex digits, or 32 bytes as base64.',
    })
  } finally {
    cancelTimer()
  }
}

/** Its first word: the others may be secrets, as is what a variable is set to before it. */
function nameOf(command: string): string {
  const [, word, more] = /^\s*(\S+)\s*(\S?)/.exec(command) ?? []
  if (word === undefined || /[=$"'`]/.test(word)) return 'the command'
  return `the command ${word}${more === '' ? '' : ' …'}`
}

/** Never what it printed on stdout, which may be the key. */
function failure(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER')
    return `it printed more than ${mostOutput / 1024} KiB, and a key is 32 bytes`
  const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim().slice(0, 500) : ''
  const code = 'code' in error ? `exit ${String(error.code)}` : 'it was ended'
  return said === '' ? code : `${code}, ${said}`
}
