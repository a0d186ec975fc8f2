import { WaymarkError } from '../model/errors.ts'
import { keyCommand } from './key-command.ts'
import { keyFile } from './key-file.ts'
import { keyVariable } from './key-variable.ts'
import type { MasterKey } from './master-key.ts'
import { passphrase } from './passphrase.ts'

export interface NamedKeyOptions {
  /** Asks for a passphrase that is not in `WAYMARK_PASSPHRASE`. Default: then it is missing. */
  readonly ask?: () => Promise<string>
}

/**
 * The master key that a text names, as in `--key` and `WAYMARK_KEY`: `file:PATH`, `variable:NAME`, `command:COMMAND` or `passphrase` (from `WAYMARK_PASSPHRASE`, or asked for).
 *
 * @throws WaymarkError `invalid`
 */
export function namedKey(text: string, options: NamedKeyOptions = {}): MasterKey {
  const [, kind = text, rest = ''] = /^([a-z-]+):(.*)$/s.exec(text) ?? []
  if (kind === 'file' && rest !== '') return keyFile(rest)
  if (kind === 'variable' && rest !== '') return keyVariable(rest)
  if (kind === 'command' && rest !== '') return keyCommand(rest)
  if (kind === 'passphrase' && rest === '')
    return passphrase(async () => process.env['WAYMARK_PASSPHRASE'] ?? (await asked(options)))
  throw new WaymarkError('invalid', {
    message: `${shown(text)} does not name a key`,
    means: 'Nothing was read or written.',
    remedy: 'Give file:PATH, variable:NAME, command:COMMAND, or passphrase.',
  })
}

function asked({ ask }: NamedKeyOptions): Promise<string> {
  if (ask !== undefined) return ask()
  throw new WaymarkError('key_missing', {
    message: 'the passphrase of the store was not given, and there is no terminal to ask for it',
    means: 'Nothing was read or written.',
    remedy: 'Set WAYMARK_PASSPHRASE, or name another key of the store with --key.',
  })
}

/** It may be the key itself, put where its name belongs. */
const shown = (text: string): string => (text.length > 20 ? 'this text' : `"${text}"`)
