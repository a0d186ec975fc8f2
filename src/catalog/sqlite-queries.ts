import type { RunState } from '../model/run-view.ts'
import type { ScopePath } from '../model/scope.ts'
import type { RunQuery } from './catalog.ts'
import { keyPrefixes, keyText } from './key-text.ts'
import { highestCharacter, limitOf, type SqlQuery, SqlTerms } from './sql-terms.ts'
import { runTable, stageTable } from './sqlite-rows.ts'

const runRow = [...runTable.columns, 'checksum', 'body'].join(', ')
const stageRow = [...stageTable.columns, 'checksum', 'body'].join(', ')

export const runById = `SELECT ${runRow} FROM run WHERE id = ?`
/** From each name of a run the index leads to the next one, past all its checkpoints. Without a stamp are those of which all is pinned. Asks for the newest creation time, and twice for how many newest runs are left out. */
export const staleRuns = `WITH RECURSIVE labelled (run) AS (
    SELECT min(run) FROM checkpoint INDEXED BY checkpoint_by_run WHERE run IS NOT NULL
    UNION ALL
    SELECT (SELECT min(run) FROM checkpoint INDEXED BY checkpoint_by_run WHERE run > labelled.run) FROM labelled
    WHERE labelled.run IS NOT NULL
  )
  SELECT r.id AS id, (
      SELECT count(*) || '/' || sum(c.n) || '/' || max(c.ord) FROM checkpoint c INDEXED BY checkpoint_by_run WHERE c.run = r.id AND c.pinned = 0
    ) AS stamp
  FROM labelled CROSS JOIN run r INDEXED BY run_by_id ON r.id = labelled.run
  WHERE r.state IN ('completed', 'cancelled') AND r.created_at <= ?
    AND ? <= (
      SELECT count(*) FROM (
        SELECT 1 FROM run n INDEXED BY run_by_pipeline
        WHERE n.pipeline = r.pipeline AND (n.created_at, n.id) > (r.created_at, r.id) LIMIT ?
      )
    )
  ORDER BY r.created_at DESC, r.id DESC`

export const stagesOfRun = `SELECT ${stageRow} FROM stage WHERE run = ? ORDER BY ord, path`
export const stagesByPath = `SELECT ${stageRow} FROM stage WHERE run = ? AND path IN (SELECT value FROM json_each(?)) ORDER BY ord, path`

/** Of what lies inside a path each begins with the path and one of two characters. */
export function stagesInside(run: string, path: ScopePath): SqlQuery {
  const prefixes = [`${path}[`, `${path}/`].flatMap(keyPrefixes)
  const part = 'SELECT n FROM stage INDEXED BY stage_by_path WHERE run = ? AND path >= ? AND path < ?'
  return {
    sql: `SELECT ${stageRow} FROM stage WHERE n IN (${prefixes.map(() => part).join(' UNION ALL ')}) ORDER BY ord, path`,
    values: prefixes.flatMap(prefix => [keyText(run), prefix, prefix + highestCharacter]),
  }
}

/** The index is named in each query: a plan that would scan then fails in the tests instead of being slow in a large store. */
export function runQuery(query: RunQuery): SqlQuery {
  const limit = limitOf(query.limit)
  const order = `ORDER BY created_at DESC, id DESC LIMIT ?`
  const part = (index: string, state: RunState | undefined): SqlQuery => {
    const conditions = new SqlTerms()
    if (query.idPrefix) conditions.add('id >= ? AND id < ?', keyText(query.idPrefix), keyText(query.idPrefix) + highestCharacter)
    if (query.pipeline !== undefined) conditions.add('pipeline = ?', keyText(query.pipeline))
    if (query.paramsDigest !== undefined) conditions.add('params_digest = ?', keyText(query.paramsDigest))
    if (query.forkedFrom !== undefined) conditions.add('origin = ?', keyText(query.forkedFrom))
    if (state !== undefined) conditions.add('state = ?', state)
    else if (query.states !== undefined) conditions.add(`state IN (${query.states.map(() => '?').join(', ')})`, ...query.states)
    if (query.after !== undefined) {
      conditions.add('(created_at, id) < (?, ?)', query.after.createdAt, keyText(query.after.id))
    }
    return { sql: `FROM run INDEXED BY ${index} ${conditions.where} ${order}`, values: [...conditions.values, limit] }
  }
  const states = statesToMerge(query)
  if (states === undefined) {
    const { sql, values } = part(runIndex(query), undefined)
    return { sql: `SELECT ${runRow} ${sql}`, values }
  }
  const parts = states.map(state => part('run_by_state', state))
  const union = parts.map(one => `SELECT n FROM (SELECT n ${one.sql})`).join(' UNION ALL ')
  return {
    sql: `SELECT ${runRow} FROM run WHERE n IN (${union}) ${order}`,
    values: [...parts.flatMap(one => one.values), limit],
  }
}

function runIndex(query: RunQuery): string {
  if (query.idPrefix) return 'run_by_id'
  if (query.forkedFrom !== undefined) return 'run_by_origin'
  if (query.pipeline === undefined) return 'run_by_time'
  return query.paramsDigest === undefined ? 'run_by_pipeline' : 'run_by_params'
}

/**
 * The states to look up one by one and merge, or undefined. Most runs are completed and few are anything else, so states that leave those out find
 * their runs sooner than a pipeline does, in whose history they may lie far back.
 */
function statesToMerge(query: RunQuery): readonly RunState[] | undefined {
  if (query.states === undefined || query.idPrefix || query.forkedFrom !== undefined) return undefined
  if (query.pipeline !== undefined && (query.paramsDigest !== undefined || query.states.includes('completed'))) return undefined
  return [...new Set(query.states)]
}
