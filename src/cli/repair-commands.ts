import type { CommandSpec } from './command-spec.ts'

export const repairCommands: readonly CommandSpec[] = [
  {
    name: 'verify',
    group: 'Repair',
    summary: 'prove that what is stored is what was saved; changes nothing',
    arguments: [],
    flags: [{ name: 'full', kind: 'switch', summary: 'every byte of every pack; else the log, and of each pack its index' }],
    examples: [
      { command: 'waymark verify', says: 'quick: exits 5 if something is damaged' },
      { command: 'waymark verify --full --json', says: 'everything, for a program' },
    ],
  },
  {
    name: 'repair',
    group: 'Repair',
    summary: 'mend what is damaged; without --yes only says how',
    arguments: [],
    flags: [
      { name: 'yes', kind: 'switch', summary: 'do it; everything that changes is set aside first' },
      { name: 'undo', kind: 'text', value: 'ID', summary: 'put back what a repair changed' },
    ],
    examples: [
      { command: 'waymark repair', says: 'what it would do, and what is lost' },
      { command: 'waymark repair --yes', says: 'do it' },
    ],
    notes: ['Interrupted, it can simply be run again.', 'Stages whose results are lost are called again when their run goes on.'],
  },
]
