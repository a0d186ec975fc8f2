/**
 * The schema of `events.sqlite`. Its version is raised with any change: an index of another version is built anew.
 *
 * Texts are numbers of `name`, 0 where there is none. A block is found by the time of its first event (`at`); `facet` says what is in it, with the same time, so that each question has an index that is read
 * in order.
 */
export const eventIndexId = 0x574d4b45 // 'WMKE'
export const eventIndexVersion = 3

export const eventIndexSchema: readonly string[] = [
  // Raised when it begins to be emptied, and when it is: names then have other numbers, and all blocks come once more under new ones. `emptied` is the one with which that ended; as long as it is behind there are rows that say nothing.
  'CREATE TABLE generation (n INTEGER NOT NULL, emptied INTEGER NOT NULL) STRICT',
  'INSERT INTO generation (n, emptied) VALUES (1, 1)',
  'CREATE TABLE name (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT',
  `CREATE TABLE stream (
    name INTEGER PRIMARY KEY, token INTEGER NOT NULL, sequence INTEGER NOT NULL, segment TEXT NOT NULL, attempt INTEGER NOT NULL,
    behind INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX stream_behind ON stream (behind) WHERE behind > 0',
  'CREATE TABLE owner (run INTEGER PRIMARY KEY, pipeline INTEGER NOT NULL) STRICT',
  'CREATE TABLE mark (segment TEXT PRIMARY KEY, applied_end INTEGER NOT NULL, digest TEXT NOT NULL, proven_end INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  `CREATE TABLE block (
    n INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL, pipeline INTEGER NOT NULL, attempt INTEGER NOT NULL, stream INTEGER NOT NULL,
    token INTEGER NOT NULL, sequence INTEGER NOT NULL, segment INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL,
    part INTEGER NOT NULL, events INTEGER NOT NULL, at REAL NOT NULL, last REAL NOT NULL
  ) STRICT`,
  'CREATE UNIQUE INDEX block_by_record ON block (stream, token, sequence, part) WHERE sequence > 0',
  // Of the stream without owner the place is all that tells records apart.
  'CREATE INDEX block_by_place ON block (segment, start)',
  'CREATE INDEX block_by_time ON block (at, n)',
  'CREATE INDEX block_by_run ON block (run, at, n)',
  'CREATE INDEX block_by_pipeline ON block (pipeline, at, n)',
  'CREATE TABLE kind (n INTEGER PRIMARY KEY, type TEXT NOT NULL, status TEXT NOT NULL, UNIQUE (type, status)) STRICT',
  `CREATE TABLE facet (
    block INTEGER NOT NULL, kind INTEGER NOT NULL, stage INTEGER NOT NULL, at REAL NOT NULL, run INTEGER NOT NULL, pipeline INTEGER NOT NULL,
    events INTEGER NOT NULL, PRIMARY KEY (block, kind, stage)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX facet_by_kind ON facet (kind, at, block)',
  'CREATE INDEX facet_by_run ON facet (run, kind, at, block)',
  'CREATE INDEX facet_by_pipeline ON facet (pipeline, kind, at, block)',
  'CREATE INDEX facet_by_stage ON facet (stage, kind, at, block)',
  'CREATE INDEX facet_by_run_stage ON facet (run, stage, kind, at, block)',
]
