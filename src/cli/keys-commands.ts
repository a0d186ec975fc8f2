import type { CommandSpec, VerbSpec } from './command-spec.ts'

const sources = 'SOURCE: file:PATH, variable:NAME, command:COMMAND, passphrase, aws-kms:ARN or vault:ADDRESS/KEY.'
const lost = 'Lost keys cannot be made again: without one nothing in the store can be read.'

const verbs: readonly VerbSpec[] = [
  {
    name: 'new',
    argument: 'FILE',
    summary: 'makes a key: 32 random bytes as hex, in a file that only its owner may read; never over a file that exists',
    examples: [{ command: 'waymark keys new store.key', says: 'then: waymark keys init file:store.key' }],
    notes: [lost],
  },
  {
    name: 'init',
    argument: '[SOURCE]',
    summary: 'seals the store: its first master key is SOURCE, or the key of --key, WAYMARK_KEY or the config',
    flags: ['name'],
    examples: [
      { command: 'waymark keys init file:store.key', says: 'what is written from now on' },
      { command: 'waymark keys init file:store.key --store new', says: 'a new store' },
    ],
    notes: [
      sources,
      'What is there stays plain until: waymark keys rekey. Who has the store open in plain is refused at its next save.',
      lost,
    ],
  },
  {
    name: 'list',
    summary: 'the master keys and data keys, without their secrets',
    examples: [{ command: 'waymark keys list --key file:store.key', says: 'what opens the store' }],
  },
  {
    name: 'add',
    argument: 'SOURCE',
    summary: 'one more master key; each opens the store',
    flags: ['name'],
    examples: [{ command: 'waymark keys add passphrase --name spare', says: 'one for the safe' }],
    notes: [sources],
  },
  {
    name: 'remove',
    argument: 'ID',
    summary: 'takes a master key away, by its id or name; not the last one',
    flags: ['yes'],
    examples: [{ command: 'waymark keys remove spare', says: 'it opens the store no more' }],
    notes: [
      'Whoever had it may have read the data keys there were, and can open what was sealed until now, in backups too: waymark keys rekey',
    ],
  },
  {
    name: 'rotate',
    summary: 'a new data key for the files that are begun from now on; with --to another master key in the place of yours',
    flags: ['name', 'to', 'yes'],
    examples: [
      { command: 'waymark keys rotate', says: 'a new data key' },
      { command: 'waymark keys rotate --to file:b.key', says: 'and another master key' },
    ],
    notes: [sources],
  },
  {
    name: 'rekey',
    summary: 'seals every file with a new data key, what is plain from before too, and forgets the older ones',
    examples: [{ command: 'waymark keys rekey', says: 'stopped or killed, the next one goes on' }],
    notes: ['Others may read and save meanwhile. Copies, backups and old blocks of the disk stay as they were.'],
  },
  {
    name: 'check',
    summary: 'whether the ring has every data key that a file is sealed with, and how much is sealed with which, or plain',
    examples: [{ command: 'waymark keys check', says: 'changes nothing' }],
  },
  {
    name: 'export',
    argument: 'FILE',
    summary: 'a copy of the key ring, to be kept apart; the master keys open it',
    examples: [{ command: 'waymark keys export ring.json', says: 'after each change of the keys' }],
  },
]

export const keysCommand: CommandSpec = {
  name: 'keys',
  group: 'Keep',
  summary: 'seal a store, and the keys of a sealed one',
  arguments: [
    {
      name: 'VERB',
      required: true,
      choices: ['new', 'init', 'list', 'add', 'remove', 'rotate', 'rekey', 'check', 'export'],
      summary: 'new, init, list, add, remove, rotate, rekey, check or export',
    },
    { name: 'WHAT', required: false, summary: 'a FILE (new, export), the SOURCE of a key (init, add), its ID (remove)' },
  ],
  verbs,
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
    'waymark keys VERB --help  tells what a verb does.',
    'SOURCE: file:PATH, variable:NAME, command:COMMAND, passphrase, aws-kms:ARN or vault:ADDRESS/KEY.',
    'Lost keys cannot be made again. What a removed key may have read it may still know: docs/cli.md.',
  ],
}
