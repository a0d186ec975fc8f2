import type { CommandSpec, FlagSpec } from './command-spec.ts'
import { address, staleAfter } from './common-flags.ts'

const plan: FlagSpec = {
  name: 'plan',
  alias: 'dry-run',
  kind: 'switch',
  summary: 'only show what would be reused, redone and run, and why',
}

const restart: FlagSpec = {
  name: 'restart',
  kind: 'count',
  value: 'N',
  summary: 'start again up to N times after a crash or failure, after 1, 2, 4 ... 30 s',
}

const backoff: FlagSpec = {
  name: 'backoff',
  kind: 'count',
  value: 'MS',
  summary: 'the pause before the first restart (default 1000; doubles, up to 30 s)',
}

const from: FlagSpec = {
  name: 'from',
  kind: 'text',
  value: 'STAGE',
  summary: 'run this stage again, and all after it',
}

const only: FlagSpec = {
  name: 'only',
  kind: 'text',
  value: 'STAGE',
  repeats: true,
  summary: 'call nothing but this stage; the run then pauses (repeatable)',
}

const until: FlagSpec = {
  name: 'until',
  kind: 'text',
  value: 'STAGE',
  summary: 'call nothing after this stage; the run then pauses',
}

const redo: FlagSpec = {
  name: 'redo',
  kind: 'text',
  value: 'STAGE',
  repeats: true,
  summary: 'throw the result of this stage away and run it again (repeatable)',
}

const acceptInput: FlagSpec = {
  name: 'accept-input',
  kind: 'switch',
  summary: 'go on although an input is not the one the run began with',
}

const acceptStale: FlagSpec = {
  name: 'accept-stale',
  kind: 'switch',
  summary: 'go on with a run that nothing has touched for a day',
}

const every: FlagSpec = {
  name: 'every',
  kind: 'count',
  least: 1,
  value: 'N',
  summary: 'off a terminal: also a line every N items',
}

const durability: FlagSpec = {
  name: 'durability',
  kind: 'text',
  value: 'NAME',
  choices: ['power', 'process', 'exit'],
  summary: 'records outlast a power cut (power), a kill (process), a clean end (exit)',
}

const noCheckpoints: FlagSpec = {
  name: 'no-checkpoints',
  kind: 'switch',
  summary: 'keep nothing: the same results, no store is made or touched',
}

const allowSetAside: FlagSpec = {
  name: 'allow-set-aside',
  kind: 'count',
  value: 'N',
  summary: 'exit 0, not 4, with up to N items set aside',
}

/** What does the work of a pipeline. */
export const runCommands: readonly CommandSpec[] = [
  {
    name: 'run',
    group: 'Run',
    summary: 'run a pipeline; an unfinished run of it goes on where it stopped',
    arguments: [{ name: 'FILE', required: true, summary: 'the file whose default export is the pipeline' }],
    takesParams: true,
    flags: [
      plan,
      { name: 'fresh', kind: 'switch', summary: 'start a new run, whatever is unfinished' },
      redo,
      from,
      only,
      until,
      { name: 'run-id', kind: 'text', value: 'ID', summary: 'the id of the run: goes on with it, or gives it to a new one' },
      restart,
      backoff,
      acceptInput,
      acceptStale,
      durability,
      noCheckpoints,
      staleAfter,
      allowSetAside,
      every,
    ],
    examples: [
      { command: 'waymark run etl.ts --day 2026-11-20', says: 'run it; again after a kill, it goes on' },
      { command: 'waymark run etl.ts --day 2026-11-20 --plan', says: 'only look at what it would do' },
      { command: 'waymark run etl.ts --redo report', says: 'reuse everything but one stage' },
      { command: 'waymark run etl.ts --until extract', says: 'stop before what comes after it' },
      { command: 'waymark run etl.ts --help', says: 'the parameters of this pipeline' },
    ],
    notes: [
      'Any other --name value, --name=value or --name is a parameter of the pipeline; given twice, a list.',
      'After -- everything is a parameter; --param NAME=VALUE is one too, whatever its name.',
    ],
  },
  {
    name: 'resume',
    group: 'Run',
    summary: 'go on with a run by its address; its parameters are remembered',
    arguments: [
      { ...address, required: false, summary: 'RUN, PIPELINE@last, @last, @failed; without it, the newest unfinished run' },
    ],
    flags: [
      plan,
      { name: 'fresh', kind: 'switch', summary: 'start a new run of the same work instead' },
      redo,
      from,
      only,
      until,
      restart,
      backoff,
      acceptInput,
      acceptStale,
      durability,
      staleAfter,
      allowSetAside,
      every,
    ],
    examples: [
      { command: 'waymark resume', says: 'the newest run that is not finished' },
      { command: 'waymark resume 7kq2m4 --plan', says: 'only look at what it would do' },
    ],
  },
  {
    name: 'requeue',
    group: 'Run',
    summary: 'call only the items again that were set aside',
    arguments: [{ ...address, summary: 'RUN[/STAGE], PIPELINE@last[/STAGE], @last, @failed' }],
    flags: [
      { name: 'key', kind: 'text', value: 'KEY', repeats: true, summary: 'this item, by its key or index (repeatable)' },
      { name: 'group', kind: 'text', value: 'GROUP', summary: 'all of this group, as `waymark items --set-aside` shows it' },
      { name: 'all', kind: 'switch', summary: 'all that are set aside' },
      { ...plan, summary: 'only show which items would be called again' },
      { name: 'no-run', kind: 'switch', summary: 'only mark them; waymark resume calls them' },
      redo,
      restart,
      backoff,
      acceptInput,
      allowSetAside,
    ],
    examples: [
      { command: 'waymark requeue 7kq2m4 --all', says: 'once what they failed on is mended' },
      { command: 'waymark requeue 7kq2m4/enrich --key o-17 --redo report', says: 'one item, then the report anew' },
    ],
  },
  {
    name: 'init',
    group: 'Run',
    summary: 'a config to fill in and a first pipeline; overwrites nothing',
    arguments: [{ name: 'FOLDER', required: false, summary: 'where to; it is made if need be (default: this folder)' }],
    flags: [{ name: 'yes', kind: 'switch', summary: 'do it without asking' }],
    examples: [
      { command: 'waymark init', says: 'here, after asking' },
      { command: 'waymark init etl --yes', says: 'in a folder of its own, without asking' },
    ],
    notes: ['A .gitignore that is there gets .waymark, where nothing in it says so already.'],
  },
]
