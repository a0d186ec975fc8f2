/** The commands and their flags, as data: the parser, the help, `docs/cli.md` and its test are made from this one table. */
import { checkpointCommands } from './checkpoint-commands.ts'
import type { ArgumentSpec, CommandSpec, FlagSpec } from './command-spec.ts'
import { diffCommand } from './diff-command.ts'
import { forkCommands } from './fork-commands.ts'
import { stopCommands } from './stop-commands.ts'
import { reportCommands, upkeepCommands } from './upkeep-commands.ts'

export type { ArgumentSpec, CommandSpec, ExampleSpec, FlagSpec } from './command-spec.ts'

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

const staleAfter: FlagSpec = {
  name: 'stale-after',
  kind: 'text',
  value: 'TIME',
  summary: 'an unfinished run untouched for so long is stale: 12h, 7d (default 24h)',
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

const allowSetAside: FlagSpec = {
  name: 'allow-set-aside',
  kind: 'count',
  value: 'N',
  summary: 'exit 0, not 4, with up to N items set aside',
}

const address: ArgumentSpec = {
  name: 'ADDRESS',
  required: true,
  summary: 'RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last, @failed; a prefix of RUN',
}

/** Understood by every command. */
export const commonFlags: readonly FlagSpec[] = [
  {
    name: 'store',
    kind: 'text',
    value: 'PATH',
    summary: 'the store to use (else WAYMARK_STORE, the config, a .waymark folder above)',
  },
  { name: 'json', kind: 'switch', summary: 'print JSON only: one document, or an object a line (run, resume, events)' },
  {
    name: 'progress',
    kind: 'text',
    value: 'MODE',
    choices: ['auto', 'plain', 'none'],
    summary: 'auto draws on a terminal, plain writes state lines, none is silent',
  },
  { name: 'quiet', short: 'q', kind: 'switch', summary: 'only errors and the last line' },
  { name: 'color', kind: 'switch', summary: 'colours even where the output is no terminal' },
  { name: 'no-color', kind: 'switch', summary: 'no colours' },
  { name: 'debug', kind: 'switch', summary: 'errors with their full stack' },
  { name: 'help', short: 'h', kind: 'switch', summary: 'help on the command' },
]

export const rootFlags: readonly FlagSpec[] = [
  ...commonFlags,
  { name: 'version', short: 'V', kind: 'switch', summary: 'the version of Waymark and Node' },
]

export const commands: readonly CommandSpec[] = [
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
      'After -- everything is a parameter.',
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
  ...forkCommands,
  ...stopCommands,
  ...reportCommands,
  diffCommand,
  ...checkpointCommands,
  ...upkeepCommands,
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

/** The command called `name` by its name or alias. */
export const commandNamed = (name: string): CommandSpec | undefined =>
  commands.find(command => command.name === name || command.alias === name)

/** Every flag a command understands. */
export const flagsOf = (command: CommandSpec): readonly FlagSpec[] => [...command.flags, ...commonFlags]

/** All names a flag answers to. */
export const namesOf = (flag: FlagSpec): readonly string[] => (flag.alias === undefined ? [flag.name] : [flag.name, flag.alias])
