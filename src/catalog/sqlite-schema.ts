/**
 * The schema of the SQLite catalog. Its version is raised with any change here or in `sqlite-rows.ts`: a catalog of another version is not migrated
 * but rebuilt from the log, as a damaged one is.
 *
 * Every row carries a checksum. Every table has an index of its own that repeats its key, so that SQLite's `integrity_check` sees a flipped bit
 * in either copy, which would otherwise hide a row. `total.content` is the sum of all checksums modulo 2^32: pages of different ages (a flipped
 * bit in a WAL that was half copied back, a power cut) do not add up to it.
 */
export const applicationId = 0x574d4b43 // 'WMKC'
export const schemaVersion = 3

/** In the order in which they are created. */
export const schemaStatements: readonly string[] = [
  `CREATE TABLE run (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, pipeline TEXT NOT NULL, params_digest TEXT NOT NULL, created_at REAL NOT NULL, state TEXT NOT NULL,
    origin TEXT, checksum INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX run_by_id ON run (id)',
  'CREATE INDEX run_by_time ON run (created_at, id)',
  'CREATE INDEX run_by_state ON run (state, created_at, id)',
  'CREATE INDEX run_by_pipeline ON run (pipeline, created_at, id)',
  'CREATE INDEX run_by_params ON run (pipeline, params_digest, created_at, id)',
  'CREATE INDEX run_by_origin ON run (origin, created_at, id) WHERE origin IS NOT NULL',

  `CREATE TABLE stage (
    n INTEGER PRIMARY KEY, run TEXT NOT NULL, path TEXT NOT NULL, ord INTEGER NOT NULL,
    checksum INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX stage_by_path ON stage (run, path)',

  // Only `body` is read back: the columns serve to find and sort.
  `CREATE TABLE checkpoint (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, ord INTEGER NOT NULL, run TEXT, stage TEXT, type TEXT NOT NULL, status TEXT NOT NULL,
    pinned INTEGER NOT NULL, created_at REAL NOT NULL, logical_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, expires_at REAL,
    checksum INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX checkpoint_by_id ON checkpoint (id)',
  // With the id, so that the plainest list needs no sorting at all.
  'CREATE INDEX checkpoint_by_order ON checkpoint (ord, id)',
  'CREATE INDEX checkpoint_by_type ON checkpoint (type, ord)',
  'CREATE INDEX checkpoint_by_run ON checkpoint (run, ord) WHERE run IS NOT NULL',
  'CREATE INDEX checkpoint_by_stage ON checkpoint (stage, ord) WHERE stage IS NOT NULL',
  'CREATE INDEX checkpoint_by_run_stage ON checkpoint (run, stage, ord) WHERE run IS NOT NULL',
  "CREATE INDEX checkpoint_by_status ON checkpoint (status, ord) WHERE status <> 'active'",
  'CREATE INDEX checkpoint_by_pin ON checkpoint (pinned, ord) WHERE pinned = 1',
  'CREATE INDEX checkpoint_by_time ON checkpoint (created_at, ord)',
  'CREATE INDEX checkpoint_by_logical ON checkpoint (logical_bytes, ord)',
  'CREATE INDEX checkpoint_by_stored ON checkpoint (stored_bytes, ord)',
  'CREATE INDEX checkpoint_by_expiry ON checkpoint (expires_at, ord, status) WHERE expires_at IS NOT NULL',

  'CREATE TABLE tag (n INTEGER PRIMARY KEY, tag TEXT NOT NULL, ord INTEGER NOT NULL, checkpoint INTEGER NOT NULL, checksum INTEGER NOT NULL) STRICT',
  'CREATE UNIQUE INDEX tag_by_name ON tag (tag, ord, checkpoint)',

  // Own metadata. Kept by checkpoint, so that one value is looked up as cheaply as all of them are removed.
  `CREATE TABLE attribute (
    checkpoint INTEGER NOT NULL, key TEXT NOT NULL, value ANY NOT NULL, ord INTEGER NOT NULL, checksum INTEGER NOT NULL,
    PRIMARY KEY (checkpoint, key)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX attribute_by_value ON attribute (key, value, ord)',

  // What was changed about checkpoints, kept apart: it may come before them, and stays when they are applied anew.
  'CREATE TABLE amendment (n INTEGER PRIMARY KEY, id TEXT NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL) STRICT',
  'CREATE UNIQUE INDEX amendment_by_id ON amendment (id)',

  // How many checkpoints there are that are alike in type, status, stage and being pinned.
  `CREATE TABLE tally (
    n INTEGER PRIMARY KEY, key TEXT NOT NULL, checkpoints INTEGER NOT NULL, logical_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX tally_by_key ON tally (key)',

  'CREATE TABLE tombstone (n INTEGER PRIMARY KEY, id TEXT NOT NULL, checksum INTEGER NOT NULL) STRICT',
  'CREATE UNIQUE INDEX tombstone_by_id ON tombstone (id)',

  `CREATE TABLE mark (
    n INTEGER PRIMARY KEY, segment TEXT NOT NULL, applied_end INTEGER NOT NULL, digest TEXT NOT NULL, proven_end INTEGER NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX mark_by_segment ON mark (segment)',

  `CREATE TABLE head (
    n INTEGER PRIMARY KEY, stream TEXT NOT NULL, token INTEGER NOT NULL, sequence INTEGER NOT NULL, segment TEXT NOT NULL,
    checksum INTEGER NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX head_by_stream ON head (stream)',

  `CREATE TABLE total (
    n INTEGER PRIMARY KEY CHECK (n = 1), runs INTEGER NOT NULL, checkpoints INTEGER NOT NULL, highest_order INTEGER NOT NULL,
    content INTEGER NOT NULL, boot_id TEXT NOT NULL, checksum INTEGER NOT NULL
  ) STRICT`,
]

/** Every table whose rows `total.content` sums up. */
export const summedTables = [
  'run',
  'stage',
  'checkpoint',
  'tag',
  'attribute',
  'amendment',
  'tally',
  'tombstone',
  'mark',
  'head',
] as const
