import type { ArgumentSpec, CommandSpec, FlagSpec } from './command-spec.ts'

const checkpoint: ArgumentSpec = {
  name: 'CHECKPOINT',
  required: true,
  summary: 'its id, or the first letters of it',
}

const tableFormatFlags: readonly FlagSpec[] = [
  { name: 'parquet', kind: 'switch', summary: 'short for --format parquet' },
  { name: 'csv', kind: 'switch', summary: 'short for --format csv' },
  { name: 'arrow', kind: 'switch', summary: 'short for --format arrow' },
  { name: 'jsonl', kind: 'switch', summary: 'short for --format jsonl' },
]

/** The commands that look at, hold and move checkpoints: rows of the table of commands. */
export const checkpointCommands: readonly CommandSpec[] = [
  {
    name: 'checkpoints',
    group: 'Inspect',
    seldom: true,
    summary: 'what was saved, newest first, a page at a time',
    arguments: [
      { name: 'ADDRESS', required: false, summary: 'of a run or stage: RUN[/STAGE[/KEY]], PIPELINE@last[/STAGE], @last' },
    ],
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
      {
        name: 'sort',
        kind: 'text',
        value: 'FIELD[:desc]',
        summary: 'by FIELD, lowest first; :desc is highest first (default order:desc)',
      },
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
    seldom: true,
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
    seldom: true,
    summary: 'remove a pin',
    arguments: [checkpoint],
    flags: [{ name: 'name', kind: 'text', value: 'NAME', summary: 'of the pin (default: default)' }],
    examples: [{ command: 'waymark unpin c3f8t0v9 --name release', says: 'others go on holding it' }],
  },
  {
    name: 'export',
    group: 'Keep',
    summary: 'write a checkpoint, or all that is recorded of a run, to a file',
    arguments: [
      { name: 'ADDRESS', required: true, summary: 'a checkpoint by its id or stage (its newest), a run, or the first letters' },
    ],
    flags: [
      {
        name: 'out',
        short: 'o',
        kind: 'text',
        value: 'FILE',
        summary: 'file or folder to write; - is stdout (default: ID.wmk here)',
      },
      {
        name: 'format',
        kind: 'text',
        value: 'FORMAT',
        choices: ['wmk', 'json', 'cbor', 'raw', 'files', 'parquet', 'csv', 'arrow', 'jsonl'],
        summary: 'default: as FILE ends, else wmk, which loses nothing',
      },
      ...tableFormatFlags,
      { name: 'path', kind: 'text', value: 'PATH', summary: 'of the table inside the value: tables.prices' },
      { name: 'lossy', kind: 'switch', summary: 'json also where it cannot hold everything: a Date becomes text' },
      { name: 'records', kind: 'text', value: 'STREAM', summary: 'of a run: the entries of a record stream, one a line' },
      { name: 'artifacts', kind: 'text', value: 'DIR', summary: 'with --records: their artifacts as files in this folder' },
      { name: 'force', kind: 'switch', summary: 'replace a file that is there' },
    ],
    examples: [
      { command: 'waymark export c3f8t0v9', says: 'everything, for waymark import in another store' },
      { command: 'waymark export c3f8t0v9 --format json --out -', says: 'the value as JSON (rows: one a line), into a pipe' },
      { command: 'waymark export orders@last/prices --parquet', says: 'the table of a stage, for other programs' },
      { command: 'waymark export 7kq2m4 --json', says: 'the whole run as one JSON document' },
    ],
    notes: [
      'Of a run: stages, counts, errors, items set aside, attempts, checkpoints without their values.',
      'raw is the bytes of a checkpoint of bytes, files restores those of a checkpoint of files.',
    ],
  },
  {
    name: 'import',
    group: 'Keep',
    seldom: true,
    summary: 'save a file as a checkpoint: an exported one, JSON, rows, bytes or a folder',
    arguments: [
      {
        name: 'FILE',
        required: true,
        summary: '.wmk .json .jsonl .parquet .csv .arrow, a folder, else bytes; - is stdin',
      },
    ],
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
        choices: ['wmk', 'json', 'jsonl', 'raw', 'files', 'parquet', 'csv', 'arrow'],
        summary: 'what FILE is, whatever its name',
      },
      ...tableFormatFlags.filter(({ name }) => name !== 'jsonl'),
      {
        name: 'column',
        kind: 'text',
        value: 'NAME=TYPE',
        repeats: true,
        summary: 'of CSV: the type of a column: price=decimal(12,2) (repeatable)',
      },
    ],
    examples: [
      { command: 'waymark import c3f8t0v9.wmk', says: 'from another store; proven before it is saved' },
      { command: 'waymark import rows.jsonl --type table --tag orders', says: 'one row a line' },
      { command: 'waymark import prices.parquet', says: 'a table, with its types' },
    ],
  },
  {
    name: 'query',
    group: 'Inspect',
    summary: 'ask tables in checkpoints a question in SQL (needs DuckDB)',
    arguments: [{ name: 'SQL', required: true, summary: "a question about checkpoint('ADDRESS'); - reads it from stdin" }],
    flags: [
      { name: 'csv', kind: 'switch', summary: 'all rows as CSV' },
      { name: 'limit', kind: 'count', value: 'N', summary: 'at most N rows on the screen (default 100)' },
      { name: 'allow-files', kind: 'switch', summary: 'let the query read and write files and load extensions' },
    ],
    examples: [
      {
        command: `waymark query "select avg(price) from checkpoint('@last/prices')"`,
        says: 'of the newest run',
      },
      {
        command: `waymark query "from checkpoint('a1') join checkpoint('b2') using (id)" --csv`,
        says: 'two of them',
      },
    ],
    notes: [
      'An address is the id of a checkpoint, or that of a run or stage: its newest checkpoint.',
      "Of several tables in one value, checkpoint('ADDRESS', 'path.to.table') is one.",
      'npm install @duckdb/node-api',
    ],
  },
]
