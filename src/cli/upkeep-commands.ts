import type { ArgumentSpec, CommandSpec, FlagSpec } from './command-spec.ts'

const plan: FlagSpec = { name: 'plan', alias: 'dry-run', kind: 'switch', summary: 'only show what it would do' }

const address: ArgumentSpec = {
  name: 'ADDRESS',
  required: true,
  summary: 'RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last, @failed; a prefix of RUN',
}

/** Looking at runs from above. */
export const reportCommands: readonly CommandSpec[] = [
  {
    name: 'items',
    group: 'Inspect',
    summary: 'the items of a run: how many, and which were set aside and why',
    arguments: [address],
    flags: [
      { name: 'set-aside', kind: 'switch', summary: 'those that kept failing, grouped by what they failed with' },
      { name: 'group', kind: 'text', value: 'GROUP', summary: 'the items of one group, with what they were called with' },
      { name: 'limit', kind: 'count', value: 'N', summary: 'at most N items or groups (default 20)' },
      { name: 'after', kind: 'text', value: 'CURSOR', summary: 'the next page: as the page before says' },
    ],
    examples: [
      { command: 'waymark items @last --set-aside', says: 'what went wrong, the most frequent first' },
      { command: 'waymark items 7kq2m4/enrich --group 3f9a12bc', says: 'the items of one group' },
      { command: 'waymark items 7kq2m4/enrich/o-17', says: 'one item by its key' },
    ],
  },
  {
    name: 'report',
    group: 'Inspect',
    summary: 'a run over all its stages, or what happened lately, to hand on',
    arguments: [{ ...address, required: false, summary: 'of one run; without it, of all that was worked on in the last 24 h' }],
    flags: [
      { name: 'pipeline', kind: 'text', value: 'NAME', summary: 'of all runs of this pipeline' },
      { name: 'since', kind: 'text', value: 'TIME', summary: 'only runs worked on since then: 30m, 24h, 7d' },
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['text', 'md', 'html', 'json'],
        summary: 'md is Markdown that fits a chat message, html a page (default text)',
      },
    ],
    examples: [
      { command: 'waymark report @last', says: 'counts, errors, what was reused, the proof' },
      { command: 'waymark report --since 24h --format md', says: 'for a chat message' },
      { command: 'waymark report @last --format html > run.html', says: 'one page without scripts, to send' },
    ],
  },
]

/** Throwing away. */
export const upkeepCommands: readonly CommandSpec[] = [
  {
    name: 'reset',
    group: 'Keep',
    summary: 'throw away what is recorded of a stage or a run',
    arguments: [{ ...address, required: false, summary: 'RUN, or RUN/STAGE for one stage; or else --pipeline or --all' }],
    flags: [
      { name: 'pipeline', kind: 'text', value: 'NAME', summary: 'every run of this pipeline' },
      { name: 'all', kind: 'switch', summary: 'every run of the store' },
      plan,
      { name: 'yes', kind: 'switch', summary: 'do it without asking' },
    ],
    examples: [
      { command: 'waymark reset 7kq2m4/report', says: 'the stage is called again when the run goes on' },
      { command: 'waymark reset 7kq2m4', says: 'the run is cancelled, its checkpoints are deleted' },
    ],
    notes: [
      'On a terminal it shows what is lost and has the run (pipeline, all) typed; elsewhere it needs --yes.',
      'A run that a living process works on is never touched, nor a pinned checkpoint, nor an output.',
    ],
  },
  {
    name: 'cleanup',
    group: 'Keep',
    summary: 'delete checkpoints of old runs; without --yes only says which',
    arguments: [],
    flags: [
      { name: 'days', kind: 'count', value: 'N', summary: 'of runs that ended more than N days ago (default 7)' },
      plan,
      { name: 'yes', kind: 'switch', summary: 'delete them' },
    ],
    examples: [
      { command: 'waymark cleanup --days 30', says: 'what would be deleted, and what is kept and why' },
      { command: 'waymark cleanup --days 30 --yes', says: 'delete it' },
    ],
    notes: [
      'Kept: unfinished runs, pins, 10 newest runs of a pipeline, the newest good checkpoint of a stage.',
      'Their bytes stay in the store until it is pruned.',
    ],
  },
]
