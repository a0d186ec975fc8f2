import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { checkpointById, checkpointQuery } from '../../src/catalog/checkpoint-query.ts'
import { createSchema } from '../../src/catalog/sqlite-check.ts'
import { SqliteConnection } from '../../src/catalog/sqlite-connection.ts'
import { runById, runQuery, stagesByPath, stagesInside, stagesOfRun, staleRuns } from '../../src/catalog/sqlite-queries.ts'
import { parseSort } from '../../src/model/checkpoint-sort.ts'

/** Only checkpoints of one order, of which there are hardly ever two, are sorted by id. */
const ties = 'USE TEMP B-TREE FOR LAST TERM OF ORDER BY'
const viaDetail = `SEARCH c USING INTEGER PRIMARY KEY (rowid=?); ${ties}`

const connection = new SqliteConnection({ path: ':memory:' }, 0)
createSchema(connection)
after(() => connection.close())

/** What SQLite is going to do, step by step. */
function planOf(sql: string): string {
  const values = Array.from(sql.matchAll(/\?/g), () => '[]')
  return connection
    .all(`EXPLAIN QUERY PLAN ${sql}`, ...values)
    .map(step => String(step['detail']))
    .join('; ')
}

const place = { order: 100, id: 'c' }
const indexOf: Readonly<Record<string, string>> = {
  created_at: 'time',
  logical_bytes: 'logical',
  stored_bytes: 'stored',
  expires_at: 'expiry',
}
const after100 = { createdAt: 100, id: 'r' }
/** Steps that find just the rows of the page, already in order. */
const direct: Readonly<Record<string, readonly [sql: string, plan: string]>> = {
  'a run': [runById, 'SEARCH run USING INDEX run_by_id (id=?)'],
  'a page of runs': [runQuery({ after: after100 }).sql, 'SEARCH run USING INDEX run_by_time ((created_at,id)<(?,?))'],
  'runs of a pipeline': [
    runQuery({ pipeline: 'p', after: after100 }).sql,
    'SEARCH run USING INDEX run_by_pipeline (pipeline=? AND (created_at,id)<(?,?))',
  ],
  'runs of a pipeline with params': [
    runQuery({ pipeline: 'p', paramsDigest: 'd', states: ['running', 'failed'] }).sql,
    'SEARCH run USING INDEX run_by_params (pipeline=? AND params_digest=?)',
  ],
  'a checkpoint': [checkpointById, 'SEARCH checkpoint USING INDEX checkpoint_by_id (id=?)'],
  'a page of checkpoints': [checkpointQuery({ after: place }).sql, 'SEARCH c USING INDEX checkpoint_by_order ((ord,id)<(?,?))'],
  'a first page of checkpoints': [checkpointQuery({}).sql, 'SCAN c USING INDEX checkpoint_by_order'],
  'the oldest checkpoints': [
    checkpointQuery({ sort: { field: 'order', descending: false }, after: place }).sql,
    'SEARCH c USING INDEX checkpoint_by_order ((ord,id)>(?,?))',
  ],
  'the latest of a run (A4)': [
    checkpointQuery({ run: 'r', limit: 1 }).sql,
    `SEARCH c USING INDEX checkpoint_by_run (run=?); ${ties}`,
  ],
  'the latest of a stage of a run (A4)': [
    checkpointQuery({ run: 'r', stage: 's', limit: 1 }).sql,
    `SEARCH c USING INDEX checkpoint_by_run_stage (run=? AND stage=?); ${ties}`,
  ],
  'the latest of a stage of any run (D5)': [
    checkpointQuery({ stage: 's', after: place }).sql,
    `SEARCH c USING INDEX checkpoint_by_stage (stage=? AND ord<?); ${ties}`,
  ],
  'checkpoints of a type (D5)': [
    checkpointQuery({ type: 't', after: place }).sql,
    `SEARCH c USING INDEX checkpoint_by_type (type=? AND ord<?); ${ties}`,
  ],
  'checkpoints with a tag (D5)': [
    checkpointQuery({ tags: ['a'], after: place }).sql,
    `SEARCH t USING COVERING INDEX tag_by_name (tag=? AND ord<?); ${viaDetail}`,
  ],
  'checkpoints in a rare status (D5)': [
    checkpointQuery({ where: [{ field: 'status', operator: 'eq', values: ['archived'] }], after: place }).sql,
    `SEARCH c USING INDEX checkpoint_by_status (status=? AND ord<?); ${ties}`,
  ],
  'pinned checkpoints': [
    checkpointQuery({ where: [{ field: 'pinned', operator: 'eq', values: [true] }] }).sql,
    `SEARCH c USING INDEX checkpoint_by_pin (pinned=?); ${ties}`,
  ],
  'checkpoints by own metadata (E4)': [
    checkpointQuery({ where: [{ path: 'lr', operator: 'eq', values: [1] }], after: place }).sql,
    `SEARCH t USING COVERING INDEX attribute_by_value (key=? AND value=? AND ord<?); ${viaDetail}`,
  ],
  'checkpoints sorted by own metadata (E4)': [
    checkpointQuery({ sort: { path: 'lr', descending: true } }).sql,
    `SEARCH t USING COVERING INDEX attribute_by_value (key=? AND value<?); ${viaDetail}`,
  ],
  'checkpoints sorted by own metadata, a later page (E4)': [
    checkpointQuery({ sort: { path: 'lr', descending: true }, after: { ...place, value: 1 } }).sql,
    `SEARCH t USING COVERING INDEX attribute_by_value (key=? AND (value,ord)<(?,?)); ${viaDetail}`,
  ],
  'checkpoints sorted by own metadata in a range (E4)': [
    checkpointQuery({
      where: [{ path: 'lr', operator: 'gte', values: [1] }],
      sort: { path: 'lr', descending: false },
      after: { ...place, value: 1 },
    }).sql,
    `SEARCH t USING COVERING INDEX attribute_by_value (key=? AND (value,ord)>(?,?) AND value<?); ${viaDetail}`,
  ],
  ...Object.fromEntries(
    Object.entries({
      createdAt: 'created_at',
      logicalBytes: 'logical_bytes',
      storedBytes: 'stored_bytes',
      expiresAt: 'expires_at',
    }).map(([field, column]) => [
      `checkpoints sorted by ${field} (E4)`,
      [
        checkpointQuery({ sort: parseSort({ by: field as 'createdAt' }), after: { ...place, value: 1 } }).sql,
        `SEARCH c USING INDEX checkpoint_by_${indexOf[column]} (${field === 'expiresAt' ? 'expires_at>? AND ' : ''}(${column},ord)<(?,?)); ${ties}`,
      ],
    ]),
  ),
}
for (const [what, [sql, plan]] of Object.entries(direct)) {
  test(`${what} is found by an index, already in order`, () => assert.equal(planOf(sql), plan))
}

const merged = {
  'stages of a run': stagesOfRun,
  'stages of a run by path': stagesByPath,
  'stages inside a path': stagesInside('r', 'a').sql,
  'runs in states': runQuery({ states: ['running', 'failed'] }).sql,
  'unfinished runs of a pipeline': runQuery({ pipeline: 'p', states: ['running'] }).sql,
  'runs with a prefix': runQuery({ idPrefix: 'a' }).sql,
  'runs forked from a run': runQuery({ forkedFrom: 'a' }).sql,
  'checkpoints with a prefix': checkpointQuery({ idPrefix: 'a' }).sql,
  'checkpoints of a run with tags': checkpointQuery({ run: 'r', tags: ['a', 'b'] }).sql,
  'checkpoints of a run sorted by own metadata': checkpointQuery({ run: 'r', sort: { path: 'lr', descending: true } }).sql,
  'checkpoints by a range of own metadata': checkpointQuery({ where: [{ path: 'lr', operator: 'lt', values: [1] }] }).sql,
  'expired checkpoints': checkpointQuery({ where: [{ field: 'status', operator: 'eq', values: ['expired'] }] }).sql,
  'checkpoints by two keys of own metadata': checkpointQuery({
    where: [
      { path: 'lr', operator: 'eq', values: [1] },
      { path: 'loss', operator: 'lt', values: [1] },
    ],
  }).sql,
}
for (const [what, sql] of Object.entries(merged)) {
  test(`${what} are found by an index, without reading the whole table`, () => {
    const tables = planOf(sql)
      .split('; ')
      .filter(step => /^(SCAN|SEARCH) (run|stage|c|x|t)\b/.test(step))
    assert.ok(tables.length > 0)
    for (const step of tables) assert.match(step, /^SEARCH/)
  })
}

test('from one name of a run to the next is one step in an index, and a run is looked up by its name', () => {
  const steps = planOf(staleRuns).split('; ')
  assert.ok(steps.includes('RECURSIVE STEP'))
  const tables = steps.filter(step => /^(SCAN|SEARCH) (checkpoint|run|r|n|c)\b/.test(step))
  assert.deepEqual(tables.slice(0, 3), [
    'SEARCH checkpoint USING COVERING INDEX checkpoint_by_run (run>?)',
    'SEARCH checkpoint USING COVERING INDEX checkpoint_by_run (run>?)',
    'SEARCH r USING INDEX run_by_id (id=?)',
  ])
  for (const step of tables) assert.match(step, /^SEARCH/)
})
