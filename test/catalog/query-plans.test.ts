import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { checkpointById, checkpointQuery } from '../../src/catalog/checkpoint-query.ts'
import { createSchema } from '../../src/catalog/sqlite-check.ts'
import { SqliteConnection } from '../../src/catalog/sqlite-connection.ts'
import {
  runById,
  runQuery,
  stagesByPath,
  stagesOfRun,
} from '../../src/catalog/sqlite-queries.ts'

/** A later page looks up where the one before ended. */
const lookUp = 'SCALAR SUBQUERY 1; SEARCH checkpoint USING COVERING INDEX checkpoint_by_id (id=?)'

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
  'a page of checkpoints': [
    checkpointQuery({ after: { order: 100, id: 'c' } }).sql,
    `SEARCH c USING INDEX checkpoint_by_order (ord<?); ${lookUp}`,
  ],
  'a first page of checkpoints': [checkpointQuery({}).sql, 'SCAN c USING INDEX checkpoint_by_order'],
  'the latest of a run (A4)': [checkpointQuery({ run: 'r', limit: 1 }).sql, 'SEARCH c USING INDEX checkpoint_by_run (run=?)'],
  'the latest of a stage of a run (A4)': [
    checkpointQuery({ run: 'r', stage: 's', limit: 1 }).sql,
    'SEARCH c USING INDEX checkpoint_by_stage (run=? AND stage=?)',
  ],
  'checkpoints of a type': [
    checkpointQuery({ type: 't', after: { order: 1, id: 'c' } }).sql,
    `SEARCH c USING INDEX checkpoint_by_type (type=? AND ord<?); ${lookUp}`,
  ],
  'checkpoints with a tag': [
    checkpointQuery({ tags: ['a'], after: { order: 1, id: 'c' } }).sql,
    `SEARCH t USING COVERING INDEX tag_by_name (tag=? AND ord<?); ${lookUp}; SEARCH c USING INTEGER PRIMARY KEY (rowid=?)`,
  ],
}
for (const [what, [sql, plan]] of Object.entries(direct)) {
  test(`${what} is found by an index, already in order`, () => assert.equal(planOf(sql), plan))
}

const merged = {
  'stages of a run': stagesOfRun,
  'stages of a run by path': stagesByPath,
  'runs in states': runQuery({ states: ['running', 'failed'] }).sql,
  'unfinished runs of a pipeline': runQuery({ pipeline: 'p', states: ['running'] }).sql,
  'runs with a prefix': runQuery({ idPrefix: 'a' }).sql,
  'checkpoints with a prefix': checkpointQuery({ idPrefix: 'a' }).sql,
  'checkpoints of a run with tags': checkpointQuery({ run: 'r', tags: ['a', 'b'] }).sql,
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
