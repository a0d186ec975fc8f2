import type { CommandSpec } from './command-spec.ts'
import { address, staleAfter } from './common-flags.ts'

/** What there is in a store, run by run. */
export const inspectCommands: readonly CommandSpec[] = [
  {
    name: 'ls',
    alias: 'list',
    group: 'Inspect',
    summary: 'runs, newest first, with what each needs',
    arguments: [],
    flags: [
      { name: 'limit', kind: 'count', value: 'N', summary: 'at most N runs (default 20)' },
      { name: 'pipeline', kind: 'text', value: 'NAME', summary: 'only runs of this pipeline' },
      staleAfter,
      {
        name: 'state',
        kind: 'text',
        value: 'STATE',
        choices: ['initialized', 'running', 'paused', 'completed', 'failed', 'recovering', 'cancelled', 'crashed', 'stale'],
        summary: 'only runs in this state',
      },
    ],
    examples: [
      { command: 'waymark ls', says: 'the newest runs' },
      { command: 'waymark ls --state crashed --json', says: 'for a program' },
    ],
  },
  {
    name: 'show',
    group: 'Inspect',
    summary: 'a run, stage by stage, or a checkpoint; and what to do next',
    arguments: [{ ...address, summary: 'RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last, @failed, CHECKPOINT' }],
    flags: [
      { name: 'value', kind: 'switch', summary: 'of a checkpoint: what it holds, cut where it is long' },
      staleAfter,
      {
        name: 'path',
        kind: 'text',
        value: 'PATH',
        summary: 'of a checkpoint: one part of its value, as metrics.loss or rows[3]',
      },
    ],
    examples: [
      { command: 'waymark show @last', says: 'the newest run' },
      { command: 'waymark show nightly-orders@last/enrich', says: 'one stage of the newest run of a pipeline' },
      { command: 'waymark show c3f8t0v9 --path metrics.loss', says: 'one part of the value of a checkpoint' },
    ],
  },
  {
    name: 'events',
    group: 'Inspect',
    seldom: true,
    summary: 'everything recorded of a run, oldest first',
    arguments: [address],
    flags: [{ name: 'limit', kind: 'count', value: 'N', summary: 'only the last N records' }],
    examples: [
      { command: 'waymark events @last', says: 'the newest run' },
      { command: 'waymark events 7kq2m4/enrich --json', says: 'one stage, an object a line' },
    ],
  },
  {
    name: 'where',
    group: 'Inspect',
    seldom: true,
    summary: 'which store is used here, why that one, and how big it is',
    arguments: [],
    flags: [],
    examples: [{ command: 'waymark where', says: 'the store of this folder' }],
  },
]
