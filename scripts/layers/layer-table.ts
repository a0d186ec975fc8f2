/** A folder or file directly below src, and what its files may import besides their own folder. */
export interface Layer {
  readonly name: string
  readonly mayImport: readonly string[]
  readonly reason: string
}

/**
 * Who may import whom inside src. One direction only: faces, then the store, then the engine, then ports and format, then model;
 * so that each part can be read, tested and replaced without the parts above it.
 */
export const layers: readonly Layer[] = [
  { name: 'model', mayImport: [], reason: 'nouns and pure rules: they stand on nothing, so that everything can stand on them' },
  { name: 'files', mayImport: ['model'], reason: 'moves bytes to disk and knows nothing of what they mean' },
  {
    name: 'seal',
    mayImport: ['files', 'model'],
    reason: 'keys, and files that only they open: it seals bytes, whatever they mean',
  },
  { name: 'tables', mayImport: ['model'], reason: 'tables in columns: rules over memory, which formats and verbs stand on' },
  {
    name: 'format',
    mayImport: ['tables', 'model'],
    reason: 'bytes to values and back, without I/O: it runs over any store and any file',
  },
  {
    name: 'diff',
    mayImport: ['tables', 'model'],
    reason: 'what two values have in common and what not: a pure rule, whatever they were loaded from',
  },
  {
    name: 'log',
    mayImport: ['seal', 'files', 'format', 'model'],
    reason: 'the truth; it must not depend on its views or on who writes it',
  },
  { name: 'blobs', mayImport: ['files', 'format', 'model'], reason: 'holds named bytes; what they are for is decided above' },
  {
    name: 'chunks',
    mayImport: ['blobs', 'seal', 'files', 'format', 'model'],
    reason:
      'keeps streams of bytes as chunks in packs; which checkpoint they belong to, and the log that says so, are the engine’s business',
  },
  {
    name: 'catalog',
    mayImport: ['files', 'format', 'model'],
    reason:
      'a view that is fed records and rebuilt at any time; if it read the log itself, a rebuild could disagree with the feed',
  },
  {
    name: 'outputs',
    mayImport: ['files', 'format', 'tables', 'model'],
    reason: 'files of the user, which outlive the store: they know nothing of it',
  },
  {
    name: 'logs',
    mayImport: ['files', 'model'],
    reason: 'log files of the user, outside of any store: they know lines, and nothing of what they say',
  },
  {
    name: 'engine',
    mayImport: ['log', 'logs', 'catalog', 'chunks', 'blobs', 'outputs', 'seal', 'files', 'diff', 'format', 'tables', 'model'],
    reason: 'the verbs; they work over ports, and are used by the faces',
  },
  {
    name: 'open.ts',
    mayImport: [
      'engine',
      'log',
      'logs',
      'catalog',
      'chunks',
      'blobs',
      'outputs',
      'seal',
      'files',
      'diff',
      'format',
      'tables',
      'model',
    ],
    reason: 'the composition root: the one file that puts backends together, below the faces',
  },
  { name: 'config.ts', mayImport: ['model'], reason: 'the shape of a config file, which is loaded before anything else' },
  {
    name: 'index.ts',
    mayImport: ['open.ts', 'config.ts', 'engine', 'outputs', 'seal', 'diff', 'format', 'tables', 'model'],
    reason: 'the table of contents of the library: what it re-exports is public, and the ports and backends are not',
  },
  {
    name: 'testing',
    mayImport: [
      'index.ts',
      'open.ts',
      'config.ts',
      'engine',
      'log',
      'logs',
      'catalog',
      'chunks',
      'blobs',
      'outputs',
      'seal',
      'files',
      'diff',
      'format',
      'tables',
      'model',
    ],
    reason: 'the kit that proves the rest: it may see all of it, and nothing that ships in a run may lean on it',
  },
  {
    name: 'cli',
    mayImport: ['index.ts', 'open.ts', 'config.ts', 'engine', 'model', 'seal'],
    reason: 'a face: what it needs of the layers below must be offered by the store, where a library user finds it too',
  },
]

/** Folders written as an outsider would: apart from their own folder they know only the package `waymark`. */
export const outsiders: readonly { readonly folder: string; readonly reason: string }[] = [
  { folder: 'src/integrations', reason: 'an integration must be possible for anybody, so ours use the public API only' },
  { folder: 'examples', reason: 'an example is copied into projects that have nothing but the package' },
]

/** Implementations of a port. Only open.ts (and their own folder, and the tests' kit) names them. */
export const backends: readonly string[] = [
  'files/node-files.ts',
  'log/file-log.ts',
  'catalog/sqlite-catalog.ts',
  'blobs/fs-blob-store.ts',
  'chunks/sqlite-chunk-index.ts',
  'chunks/split-workbenches.ts',
]
export const backendReason =
  'only open.ts knows every backend: the rest works over the port, so that another one can take its place'

/** Modules that only some files may load, each with the reason; paths below src, folders end in a slash. */
export interface GuardedModule {
  readonly modules: readonly string[]
  readonly reason: string
  readonly allowed: Readonly<Record<string, string>>
}

export const guardedModules: readonly GuardedModule[] = [
  {
    modules: ['node:sqlite'],
    reason: 'SQL stays in the catalog, which is a view that can be thrown away',
    allowed: {
      'catalog/': 'the SQLite backend',
      'chunks/sqlite-chunk-index.ts': 'hints about chunks, which can be thrown away too',
      'logs/folder-lock.ts': 'a lock that a process which dies lets go of',
      'outputs/sqlite-handle.ts': 'a database of the user',
      'outputs/sqlite-table.ts': 'the type of a database that the user passes',
      'outputs/sqlite-query.ts': 'the type of a database that the user passes',
    },
  },
  {
    modules: ['pg'],
    reason: 'an optional package: whoever has no PostgreSQL must not need it',
    allowed: { 'outputs/postgres-connection.ts': 'loads it when a connection string is used' },
  },
  {
    modules: ['apache-arrow'],
    reason: 'an optional package: whoever has no Arrow tables must not need it',
    allowed: { 'tables/arrow-library.ts': 'loads it when an Arrow table is asked for' },
  },
  {
    modules: ['@duckdb/node-api'],
    reason: 'an optional package of 70 MB: whoever asks no SQL must not need it',
    allowed: { 'engine/duckdb-library.ts': 'loads it when a query is asked' },
  },
  {
    modules: ['@aws-sdk/client-kms'],
    reason: 'an optional package: whoever has no key in AWS KMS must not need it',
    allowed: { 'seal/aws-kms-library.ts': 'loads it when such a key is used' },
  },
  {
    modules: ['node:fs', 'node:fs/promises'],
    reason: 'files are reached through the port FileSystem, so that faults and power cuts can be simulated at every call',
    allowed: {
      'files/node-files.ts': 'the port over the real file system',
      'seal/key-file.ts': 'a key file of the user, who may read it included',
      'seal/make-key-file.ts': 'makes one, which lies outside of any store',
      'chunks/sqlite-chunk-index.ts': 'SQLite opens its file past any port',
      'catalog/catalog-files.ts': 'SQLite opens its files past any port, so they are created and set aside past it too',
      'cli/': 'a face reads the files its user names',
      'logs/': 'log files lie outside of any store, and nothing depends on them',
      'engine/process-identity.ts': 'asks /proc who is alive; nothing of the store',
      'engine/code-digest.ts': 'reads the sources of the pipeline; nothing of the store',
      'engine/project-root.ts': 'looks for the package.json of the pipeline; nothing of the store',
      'engine/find-store.ts': 'looks for the store where none is given',
    },
  },
  {
    modules: ['commander', 'log-update', 'string-width'],
    reason: 'made for terminals; a program that uses the library must not load them',
    allowed: { 'cli/': 'the terminal' },
  },
  {
    modules: ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer'],
    reason:
      'one reader and one writer of Parquet, loaded when a Parquet file is used: values must come back exactly, which the libraries alone do not see to',
    allowed: {
      'outputs/parquet-reader.ts': 'reads',
      'outputs/parquet-part.ts': 'writes',
      'outputs/parquet-codecs.ts': 'unpacks pages',
      'outputs/parquet-table.ts': 'writes tables',
      'outputs/parquet-table-reader.ts': 'reads tables',
    },
  },
  {
    modules: ['pino'],
    reason: 'forms lines of log files, and is loaded by whoever wants some',
    allowed: {
      'logs/log-files.ts': 'writes them',
      'engine/run-log.ts': 'the type of a logger that the user gives',
      'open.ts': 'that type',
    },
  },
  {
    modules: ['yaml'],
    reason: 'only a config in YAML needs it: every other start must not load it',
    allowed: { 'cli/yaml-config.ts': 'loaded where there is such a file' },
  },
  {
    modules: ['csv-parse', 'csv-parse/sync'],
    reason: 'one reader of CSV, so that one place decides what a row is',
    allowed: { 'outputs/': 'sources and outputs of the user' },
  },
]

/**
 * What an old Node lacks. Loading one of these statically fails before model/node-version.ts can say what is wrong, so no file
 * that the library loads at once may do it: import it lazily, or (zlib) as a namespace.
 */
export const lateBuiltins: readonly { readonly module: string; readonly names: RegExp }[] = [
  { module: 'node:sqlite', names: /^/ },
  { module: 'node:zlib', names: /\{[^}]*zstd/i },
  { module: 'node:module', names: /registerHooks|stripTypeScriptTypes/ },
]

/** Files whose static imports are loaded before the version of Node is known to suffice. The command line checks in bin/waymark.js. */
export const libraryEntries: readonly string[] = ['src/index.ts', 'src/testing/index.ts']

/** Names that say nothing: code put there is found by nobody. */
export const emptyNames = /^(utils?|common|helpers?|types|misc|shared|lib)$/
