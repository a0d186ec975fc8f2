import type { ArgumentSpec, CommandSpec } from './command-spec.ts'

const summary = 'CHECKPOINT, RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last or @failed'
const first: ArgumentSpec = { name: 'A', required: true, summary }
const second: ArgumentSpec = {
  name: 'B',
  required: false,
  summary: 'what A is compared with; without it, the last good run of its pipeline',
}

/** `waymark diff`: a row of the table of commands. */
export const diffCommand: CommandSpec = {
  name: 'diff',
  group: 'Inspect',
  summary: 'in what two checkpoints, stages or runs differ',
  arguments: [first, second],
  flags: [
    {
      name: 'last-good',
      kind: 'switch',
      summary: 'against the newest finished run of its pipeline before A',
    },
    { name: 'all', kind: 'switch', summary: 'also what is equal, counted' },
    {
      name: 'ignore',
      kind: 'text',
      value: 'PATH',
      repeats: true,
      summary: 'not what is there: rows[*].ts, temp_*, **.cache (repeatable)',
    },
    {
      name: 'array-key',
      kind: 'text',
      value: 'NAME',
      summary: 'elements and rows are known by this key (default: id, key or name)',
    },
    { name: 'key', kind: 'text', value: 'PATH', summary: 'follow one value through all checkpoints of stage A, or all runs' },
    { name: 'runs', kind: 'switch', summary: 'with --key, of a stage: over all runs of its pipeline' },
    { name: 'limit', kind: 'count', value: 'N', summary: 'list at most N differences of a value (default 60)' },
    {
      name: 'mask',
      kind: 'text',
      value: 'PATH',
      repeats: true,
      summary: 'hide this too, besides passwords, tokens, keys (repeatable)',
    },
    { name: 'show-secrets', kind: 'switch', summary: 'hide nothing' },
    { name: 'exit-code', kind: 'switch', summary: 'exit 10 if there are differences' },
  ],
  examples: [
    { command: 'waymark diff @last --last-good', says: 'since it last went well' },
    { command: 'waymark diff 1ph4z/report 7kq2m/report', says: 'what a stage saved in two runs' },
    { command: 'waymark diff 7kq2m/train --key metrics.loss', says: 'one value over all checkpoints' },
    { command: 'waymark diff c3f8t0 c9k2m4 --exit-code', says: 'in a script' },
  ],
  notes: ['How long something took is shown, but is no difference for --exit-code.'],
}
