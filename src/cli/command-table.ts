/** The commands and their flags, as data: the parser, the help, `docs/cli.md` and its test are made from this one table. */

export interface CommandSpec {
  readonly name: string
  readonly alias?: string
  readonly group: 'Run' | 'Inspect' | 'Keep' | 'Repair'
  readonly summary: string
  readonly arguments: readonly ArgumentSpec[]
  readonly flags: readonly FlagSpec[]
  readonly examples: readonly ExampleSpec[]
  /** Takes `--name value` parameters for the pipeline beside its own flags. */
  readonly takesParams?: true
  /** What to know beyond the summary, a sentence a line. */
  readonly notes?: readonly string[]
}

export interface ArgumentSpec {
  readonly name: string
  readonly required: boolean
  readonly summary: string
}

export interface FlagSpec {
  readonly name: string
  readonly alias?: string
  readonly short?: string
  /** Placeholder of its value; absent for a switch. */
  readonly value?: string
  readonly kind: 'switch' | 'text' | 'count'
  readonly choices?: readonly string[]
  /** May be given more than once. */
  readonly repeats?: true
  readonly summary: string
}

export interface ExampleSpec {
  readonly command: string
  readonly says: string
}

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
const redo: FlagSpec = {
  name: 'redo',
  kind: 'text',
  value: 'STAGE',
  repeats: true,
  summary: 'throw the result of this stage away and run it again (repeatable)',
}
const acceptChangedInput: FlagSpec = {
  name: 'accept-changed-input',
  kind: 'switch',
  summary: 'go on although an input is not the one the run began with',
}
const acceptStale: FlagSpec = {
  name: 'accept-stale',
  kind: 'switch',
  summary: 'go on with a run that nothing has touched for a day',
}

const address: ArgumentSpec = {
  name: 'ADDRESS',
  required: true,
  summary: 'RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last, @failed; a prefix of RUN',
}

const checkpoint: ArgumentSpec = {
  name: 'CHECKPOINT',
  required: true,
  summary: 'its id, or the first letters of it',
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
      { name: 'run-id', kind: 'text', value: 'ID', summary: 'the id of the run: goes on with it, or gives it to a new one' },
      restart,
      acceptChangedInput,
      acceptStale,
    ],
    examples: [
      { command: 'waymark run etl.ts --day 2026-11-20', says: 'run it; after a kill, the same command goes on' },
      { command: 'waymark run etl.ts --day 2026-11-20 --plan', says: 'only look at what it would do' },
      { command: 'waymark run etl.ts --redo report', says: 'reuse everything but one stage' },
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
    summary: 'go on with a run by its address; file and parameters are remembered',
    arguments: [
      { ...address, required: false, summary: 'RUN, PIPELINE@last, @last, @failed; without it, the newest unfinished run' },
    ],
    flags: [plan, redo, restart, acceptChangedInput, acceptStale],
    examples: [
      { command: 'waymark resume', says: 'the newest run that is not finished' },
      { command: 'waymark resume 7kq2m4 --plan', says: 'only look at what it would do' },
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
      {
        name: 'state',
        kind: 'text',
        value: 'STATE',
        choices: ['initialized', 'running', 'paused', 'completed', 'failed', 'recovering', 'cancelled', 'crashed'],
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
      { name: 'path', kind: 'text', value: 'PATH', summary: 'of a checkpoint: one part of its value, as metrics.loss or rows[3]' },
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
    summary: 'which store is used here, why that one, and how big it is',
    arguments: [],
    flags: [],
    examples: [{ command: 'waymark where', says: 'the store of this folder' }],
  },
  {
    name: 'checkpoints',
    group: 'Inspect',
    summary: 'what was saved, newest first, a page at a time',
    arguments: [{ name: 'ADDRESS', required: false, summary: 'of a run or stage: RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last' }],
    flags: [
      { name: 'type', kind: 'text', value: 'TYPE', summary: 'only of this type: stage, state or your own' },
      { name: 'tag', kind: 'text', value: 'TAG', repeats: true, summary: 'only with this tag (repeatable: with all of them)' },
      {
        name: 'status',
        kind: 'text',
        value: 'STATUS',
        choices: ['active', 'completed', 'expired', 'archived', 'damaged'],
        summary: 'only with this status',
      },
      {
        name: 'where',
        kind: 'text',
        value: 'CONDITION',
        repeats: true,
        summary: 'field=value, !=, <, <=, >, >=, ~prefix, field? (repeatable: all hold)',
      },
      { name: 'sort', kind: 'text', value: 'FIELD[:desc]', summary: 'by FIELD, lowest first; :desc is highest first (default order:desc)' },
      { name: 'limit', kind: 'count', value: 'N', summary: 'at most N checkpoints (default 20)' },
      { name: 'after', kind: 'text', value: 'CURSOR', summary: 'the next page: as the page before says' },
    ],
    examples: [
      { command: 'waymark checkpoints @last', says: 'of the newest run' },
      { command: "waymark checkpoints --where 'metadata.loss<0.5' --sort metadata.loss", says: 'the best first' },
    ],
    notes: [
      'Sort by order, createdAt, expiresAt, logicalBytes, storedBytes, type, id or metadata.KEY.',
      'Conditions take these and run, stage, tags, pins, pinned, status, description, parent, rows ...',
    ],
  },
  {
    name: 'stats',
    group: 'Inspect',
    summary: 'how many checkpoints, of what, and what compression and deduplication save',
    arguments: [],
    flags: [],
    examples: [{ command: 'waymark stats', says: 'the store of this folder in numbers' }],
  },
  {
    name: 'pin',
    group: 'Keep',
    summary: 'hold a checkpoint: it is not deleted while it has a pin',
    arguments: [checkpoint],
    flags: [
      { name: 'name', kind: 'text', value: 'NAME', summary: 'of the pin (default: default); each holds it on its own' },
      { name: 'reason', kind: 'text', value: 'TEXT', summary: 'why, for whoever wants to delete it' },
    ],
    examples: [{ command: "waymark pin c3f8t0v9 --name release --reason 'shipped as 2.1'", says: 'hold it, and say why' }],
  },
  {
    name: 'unpin',
    group: 'Keep',
    summary: 'remove a pin',
    arguments: [checkpoint],
    flags: [{ name: 'name', kind: 'text', value: 'NAME', summary: 'of the pin (default: default)' }],
    examples: [{ command: 'waymark unpin c3f8t0v9 --name release', says: 'others go on holding it' }],
  },
  {
    name: 'export',
    group: 'Keep',
    summary: 'write a checkpoint into a file that needs no store',
    arguments: [checkpoint],
    flags: [
      { name: 'out', kind: 'text', value: 'FILE', summary: 'file or folder to write; - is stdout (default: CHECKPOINT.wmk here)' },
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['wmk', 'json', 'cbor', 'raw', 'files'],
        summary: 'default: as FILE ends, else wmk, which loses nothing',
      },
      { name: 'lossy', kind: 'switch', summary: 'json also where it cannot hold everything: a Date becomes text' },
      { name: 'force', kind: 'switch', summary: 'replace a file that is there' },
    ],
    examples: [
      { command: 'waymark export c3f8t0v9', says: 'everything, for waymark import in another store' },
      { command: 'waymark export c3f8t0v9 --format json --out -', says: 'the value as JSON (rows: one a line), into a pipe' },
    ],
    notes: ['raw is the bytes of a checkpoint of bytes, files restores those of a checkpoint of files.'],
  },
  {
    name: 'import',
    group: 'Keep',
    summary: 'save a file as a checkpoint: an exported one, JSON, rows, bytes or a folder',
    arguments: [{ name: 'FILE', required: true, summary: '.wmk, .json (a value), .jsonl, .ndjson (rows), a folder (files), else bytes' }],
    flags: [
      { name: 'id', kind: 'text', value: 'ID', summary: 'the id of the new checkpoint (default: drawn)' },
      { name: 'keep-id', kind: 'switch', summary: 'the id that an exported checkpoint had' },
      { name: 'type', kind: 'text', value: 'TYPE', summary: 'its type (default: as exported, else state)' },
      { name: 'tag', kind: 'text', value: 'TAG', repeats: true, summary: 'its tags, in place of those exported (repeatable)' },
      { name: 'run', kind: 'text', value: 'RUN', summary: 'label it with a run' },
      { name: 'stage', kind: 'text', value: 'STAGE', summary: 'label it with a stage' },
      { name: 'description', kind: 'text', value: 'TEXT', summary: 'a sentence for people' },
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['wmk', 'json', 'jsonl', 'raw', 'files'],
        summary: 'what FILE is, whatever its name',
      },
    ],
    examples: [
      { command: 'waymark import c3f8t0v9.wmk', says: 'from another store; proven before it is saved' },
      { command: 'waymark import rows.jsonl --type table --tag orders', says: 'one row a line' },
    ],
  },
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
    summary: 'mend what is damaged, as far as it can be; without --yes only says how',
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
