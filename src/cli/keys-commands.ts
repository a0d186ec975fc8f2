import type { CommandSpec } from './command-spec.ts'

export const keysCommand: CommandSpec = {
  name: 'keys',
  group: 'Keep',
  summary: 'seal a store, and the keys of a sealed one',
  arguments: [
    { name: 'VERB', required: true, summary: 'new, init, list, add, remove, rotate, rekey, check or export' },
    { name: 'WHAT', required: false, summary: 'a FILE (new, export), the SOURCE of a key (init, add), its ID (remove)' },
  ],
  flags: [
    { name: 'name', kind: 'text', value: 'NAME', summary: 'init, add, rotate: what the key is called' },
    { name: 'to', kind: 'text', value: 'SOURCE', summary: 'rotate: this key takes the place of the one given with --key' },
    { name: 'yes', kind: 'switch', summary: 'remove, rotate: do it without asking' },
  ],
  examples: [
    { command: 'waymark keys new store.key', says: 'a new key in a file' },
    { command: 'waymark keys init file:store.key', says: 'seal what is written from now on' },
    { command: 'waymark keys add passphrase --name spare', says: 'one more key opens it' },
    { command: 'waymark keys rotate --to file:b.key', says: 'another key, and a new data key' },
  ],
  notes: [
    'SOURCE: file:PATH, variable:NAME, command:COMMAND, passphrase, aws-kms:ARN or',
    'vault:ADDRESS/KEY. Lost keys cannot be made again. What a removed key may have read',
    'it may still know: docs/cli.md.',
  ],
}
