import type { CommandSpec } from './command-spec.ts'

/** Going on from an older state beside what there is, and bringing two such states together: rows of the table of commands. */
export const forkCommands: readonly CommandSpec[] = [
  {
    name: 'fork',
    group: 'Run',
    summary: 'a new run that goes on from an older one, which stays as it is',
    arguments: [
      {
        name: 'ADDRESS',
        required: true,
        summary: 'RUN[/STAGE], PIPELINE@last[/STAGE], @last, @failed, CHECKPOINT',
      },
    ],
    flags: [
      { name: 'before', kind: 'text', value: 'STAGE', summary: 'of a run: just before this stage began, to do it anew' },
      { name: 'run-id', kind: 'text', value: 'ID', summary: 'the id of the new run (default: drawn at random)' },
      {
        name: 'param',
        kind: 'text',
        value: 'NAME=VALUE',
        repeats: true,
        summary: 'another value of this parameter from here on (repeatable)',
      },
    ],
    examples: [
      { command: 'waymark fork 7kq2m4/enrich', says: 'up to the end of a stage' },
      { command: 'waymark fork 7kq2m4 --before report --param top=20', says: 'the report anew, another way' },
      { command: 'waymark fork c3f8t0v9', says: 'at a checkpoint' },
    ],
    notes: [
      'Nothing is copied. Of a stage that is in the middle, what is recorded so far counts.',
      'A fork does not write into an output of the older run: write elsewhere, or --redo STAGE.',
    ],
  },
  {
    name: 'merge',
    group: 'Keep',
    seldom: true,
    summary: 'bring two checkpoints together that were made from a third',
    arguments: [
      { name: 'BASE', required: true, summary: 'what both were made from: CHECKPOINT, RUN or RUN/STAGE' },
      { name: 'A', required: true, summary: 'ours' },
      { name: 'B', required: true, summary: 'theirs' },
    ],
    flags: [
      {
        name: 'strategy',
        kind: 'text',
        value: 'NAME',
        choices: ['fail', 'ours', 'theirs', 'union'],
        summary: 'what counts where both changed the same: ours, theirs, union (default fail)',
      },
      {
        name: 'take',
        kind: 'text',
        value: 'PATH=NAME',
        repeats: true,
        summary: 'another strategy there and inside: rows[*].n=ours (repeatable)',
      },
      { name: 'array-key', kind: 'text', value: 'NAME', summary: 'elements of lists are known by it (default id, key, name)' },
      { name: 'save-as', kind: 'text', value: 'RUN[/STAGE]', summary: 'save the result as a checkpoint of these labels' },
      { name: 'dry-run', kind: 'switch', summary: 'only report; what is without --save-as does no more either' },
    ],
    examples: [
      { command: 'waymark merge c3f8 r1/plan r2/plan', says: 'what both changed' },
      {
        command: 'waymark merge c3f8 r1/plan r2/plan --take limit=ours --save-as best/plan',
        says: 'decide, and save',
      },
    ],
  },
]
