import { WaymarkError } from '../model/errors.ts'
import type { RunState } from '../model/run-view.ts'
import type { CheckpointQuery, RunQuery } from './catalog.ts'
import { keyText } from './key-text.ts'
import { checkpointTable, runTable, stageTable } from './sqlite-rows.ts'

/** A statement whose text depends only on which conditions there are, so that it is prepared once. */
export interface SqlQuery {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

const defaultLimit = 50
/** Above every text that begins with what stands before it. */
const highest = '\u{10ffff}'

const runRow = [...runTable.columns, 'checksum', 'body'].join(', ')
const stageRow = [...stageTable.columns, 'checksum', 'body'].join(', ')
const checkpointRow = [...checkpointTable.columns, 'checksum', 'body'].join(', ')

export const runById = `SELECT ${runRow} FROM run WHERE id = ?`
export const checkpointById = `SELECT ${checkpointRow} FROM checkpoint WHERE id = ?`
export const stagesOfRun = `SELECT ${stageRow} FROM stage WHERE run = ? ORDER BY ord, path`
export const stagesByPath = `SELECT ${stageRow} FROM stage WHERE run = ? AND path IN (SELECT value FROM json_each(?)) ORDER BY ord, path`

/** Conditions joined by AND, with their values. */
class Conditions {
  readonly values: (string | number)[] = []
  readonly #terms: string[] = []

  add(term: string, ...values: readonly (string | number)[]): this {
    this.#terms.push(term)
    this.values.push(...values)
    return this
  }

  prefix(column: string, prefix: string | undefined): void {
    if (prefix) this.add(`${column} >= ? AND ${column} < ?`, keyText(prefix), keyText(prefix) + highest)
  }

  get where(): string {
    return this.#terms.length === 0 ? '' : `WHERE ${this.#terms.join(' AND ')}`
  }
}

/** The index is named in each query: a plan that would scan then fails in the tests instead of being slow in a large store. */
export function runQuery(query: RunQuery): SqlQuery {
  const limit = limitOf(query.limit)
  const order = `ORDER BY created_at DESC, id DESC LIMIT ?`
  const part = (index: string, state: RunState | undefined): SqlQuery => {
    const conditions = new Conditions()
    conditions.prefix('id', query.idPrefix)
    if (query.pipeline !== undefined) conditions.add('pipeline = ?', keyText(query.pipeline))
    if (query.paramsDigest !== undefined) conditions.add('params_digest = ?', keyText(query.paramsDigest))
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
  if (query.pipeline === undefined) return 'run_by_time'
  return query.paramsDigest === undefined ? 'run_by_pipeline' : 'run_by_params'
}

/**
 * The states to look up one by one and merge, or undefined. Most runs are completed and few are anything else, so states that leave those out find
 * their runs sooner than a pipeline does, in whose history they may lie far back.
 */
function statesToMerge(query: RunQuery): readonly RunState[] | undefined {
  if (query.states === undefined || query.idPrefix) return undefined
  if (query.pipeline !== undefined && (query.paramsDigest !== undefined || query.states.includes('completed'))) return undefined
  return [...new Set(query.states)]
}

export function checkpointQuery(query: CheckpointQuery): SqlQuery {
  const tags = [...new Set(query.tags)].map(keyText)
  const conditions = new Conditions()
  const index = checkpointIndex(query)
  const [first] = tags
  const byTag = index === 'checkpoint_by_order' && first !== undefined
  const ord = byTag ? 't.ord' : 'c.ord'
  if (byTag) conditions.add('t.tag = ?', first)
  conditions.prefix('c.id', query.idPrefix)
  if (query.run !== undefined) conditions.add('c.run = ?', keyText(query.run))
  if (query.stage !== undefined) conditions.add('c.stage = ?', keyText(query.stage))
  if (query.type !== undefined) conditions.add('c.type = ?', keyText(query.type))
  // Said again as the index says it: SQLite does not know what the type will be.
  if (index === 'checkpoint_by_type') conditions.add("c.type <> 'stage'")
  // Two processes may draw one order in the same millisecond; rows then stand in the order in which they were applied.
  if (query.before !== undefined) {
    const { order, id } = query.before
    conditions.add(`(${ord}, ${byTag ? 't.checkpoint' : 'c.n'}) < (?, (SELECT n FROM checkpoint WHERE id = ?))`, order, id)
  }
  for (const tag of byTag ? tags.slice(1) : tags) {
    conditions.add('EXISTS (SELECT 1 FROM tag x WHERE x.tag = ? AND x.ord = c.ord AND x.checkpoint = c.n)', tag)
  }
  const columns = checkpointRow
    .split(', ')
    .map(column => `c.${column}`)
    .join(', ')
  const from = byTag
    ? 'tag t INDEXED BY tag_by_name CROSS JOIN checkpoint c ON c.n = t.checkpoint'
    : `checkpoint c INDEXED BY ${index}`
  // Equal orders (two processes in one millisecond) stand in the order in which they were applied.
  const last = byTag ? 't.checkpoint' : 'c.n'
  return {
    sql: `SELECT ${columns} FROM ${from} ${conditions.where} ORDER BY ${ord} DESC, ${last} DESC LIMIT ?`,
    values: [...conditions.values, limitOf(query.limit)],
  }
}

function checkpointIndex(query: CheckpointQuery): string {
  if (query.idPrefix) return 'checkpoint_by_id'
  if (query.run !== undefined) return query.stage === undefined ? 'checkpoint_by_run' : 'checkpoint_by_stage'
  if (query.type !== undefined && query.type !== 'stage' && !query.tags?.length) return 'checkpoint_by_type'
  return 'checkpoint_by_order'
}

/** SQLite takes a negative limit for none. */
function limitOf(limit = defaultLimit): number {
  if (limit === Number.POSITIVE_INFINITY) return -1
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw new WaymarkError('invalid', {
    message: `${limit} cannot be the limit of a list`,
    means: 'Nothing was read.',
    remedy: 'Use a whole number, or leave the limit out.',
  })
}
