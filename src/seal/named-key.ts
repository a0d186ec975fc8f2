import { WaymarkError } from '../model/errors.ts'
import { awsKms } from './aws-kms.ts'
import { keyCommand } from './key-command.ts'
import { keyFile } from './key-file.ts'
import { keyVariable } from './key-variable.ts'
import type { MasterKey } from './master-key.ts'
import { passphrase } from './passphrase.ts'
import { vaultTransit } from './vault-transit.ts'

export interface NamedKeyOptions {
  /** Environment variable with the passphrase. Default `WAYMARK_PASSPHRASE`. */
  readonly variable?: string
  /** Asks for a passphrase that is not in that variable. Default: then it is missing. */
  readonly ask?: (isNew: boolean) => Promise<string>
}

const passphraseVariable = 'WAYMARK_PASSPHRASE'

/**
 * The master key that a text names, as in `--key` and `WAYMARK_KEY`: `file:PATH`, `variable:NAME`, `command:COMMAND`, `passphrase` (from `WAYMARK_PASSPHRASE`, or asked for),
 * `aws-kms:ARN` (or an id or alias there), `vault:ADDRESS/KEY` or, where the transit engine is mounted elsewhere, `vault:ADDRESS/MOUNT/KEY`.
 *
 * @throws WaymarkError `invalid`
 */
export function namedKey(text: string, options: NamedKeyOptions = {}): MasterKey {
  const [, kind = text, rest = ''] = /^([a-z-]+):(.*)$/s.exec(text) ?? []
  if (kind === 'file' && rest !== '') return keyFile(rest)
  if (kind === 'variable' && rest !== '') return keyVariable(rest)
  if (kind === 'command' && rest !== '') return keyCommand(rest)
  if (kind === 'passphrase' && rest === '') return passphrase(async isNew => inVariable(options) ?? (await asked(options, isNew)))
  if (kind === 'aws-kms' && rest !== '') return awsKms({ keyId: rest })
  if (kind === 'vault' && URL.canParse(rest)) return vaultTransit(vaultKeyAt(new URL(rest)))
  const named = emptyAfter[text]
  if (named !== undefined) throw nothingBehind(text, named)
  throw new WaymarkError('invalid', {
    // Without the text: it may be the key itself, put where its name belongs.
    message:
      'this does not name a key: it does not begin with file:, variable:, command:, aws-kms: or vault:, and is not passphrase',
    means: 'Nothing was read or written.',
    remedy: 'Give file:PATH, variable:NAME, command:COMMAND, passphrase, aws-kms:ARN or vault:ADDRESS/KEY.',
  })
}

/** What follows each of these. */
const emptyAfter: Readonly<Record<string, string>> = {
  'file:': 'PATH',
  'variable:': 'NAME',
  'command:': 'COMMAND',
  'aws-kms:': 'ARN',
  'vault:': 'ADDRESS/KEY',
}

const nothingBehind = (kind: string, wanted: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `this does not name a key: nothing stands behind ${kind}`,
    means: 'Nothing was read or written.',
    remedy: `Give ${kind}${wanted}. If it came from a variable of the shell, that is empty.`,
  })

function vaultKeyAt(url: URL) {
  const path = url.pathname.slice(1)
  const end = path.lastIndexOf('/')
  const mount = end > 0 ? { mount: path.slice(0, end) } : {}
  url.pathname = ''
  return { address: url.href, ...mount, key: path.slice(end + 1) }
}

/** An empty one is as good as none. */
function inVariable({ variable = passphraseVariable }: NamedKeyOptions): string | undefined {
  const text = process.env[variable]
  return text === '' ? undefined : text
}

function asked({ ask, variable = passphraseVariable }: NamedKeyOptions, isNew: boolean): Promise<string> {
  if (ask !== undefined) return ask(isNew)
  throw new WaymarkError('key_missing', {
    message: `the ${isNew ? 'new ' : ''}passphrase of the store was not given, and there is no terminal to ask for it`,
    means: 'Nothing was read or written.',
    remedy: isNew
      ? `Set ${variable}, or take a key of another kind, such as file:PATH.`
      : `Set ${variable}, or name another key of the store with --key.`,
  })
}
