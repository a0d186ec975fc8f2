import type { CheckpointCondition, ConditionOperator } from '../model/checkpoint-filter.ts'
import { type CheckpointPlace, type CheckpointSort, newestFirst } from '../model/checkpoint-sort.ts'
import type { CheckpointQuery } from './catalog.ts'
import { attributeValue, listValue } from './checkpoint-rows.ts'
import { addBounds, addTerm, numberColumns } from './checkpoint-terms.ts'
import { keyText } from './key-text.ts'
import { highestCharacter, limitOf, type SqlQuery, SqlTerms, type SqlValue } from './sql-terms.ts'

export const checkpointById = 'SELECT checksum, body FROM checkpoint WHERE id = ?'

/** Everything asked for, as conditions. */
export function conditionsOf(query: CheckpointQuery): readonly CheckpointCondition[] {
  const { run, stage, type, tags = [], idPrefix, where = [] } = query
  return [
    ...(run === undefined ? [] : [{ field: 'run', operator: 'eq', values: [run] } as const]),
    ...(stage === undefined ? [] : [{ field: 'stage', operator: 'eq', values: [stage] } as const]),
    ...(type === undefined ? [] : [{ field: 'type', operator: 'eq', values: [type] } as const]),
    ...[...new Set(tags)].map(tag => ({ field: 'tags', operator: 'has', values: [tag] }) as const),
    ...(idPrefix ? [{ field: 'id', operator: 'prefix', values: [idPrefix] } as const] : []),
    ...where,
  ]
}

/**
 * A page of checkpoints. The index is named in each query: a plan that would scan then fails in the tests instead of being slow in a large store.
 * May hold checkpoints that do not fit: see `checkpoint-terms.ts`.
 */
export function checkpointQuery(query: CheckpointQuery): SqlQuery {
  const sort = query.sort ?? newestFirst
  const conditions = conditionsOf(query)
  const way = wayTo(conditions, sort)
  const terms = new SqlTerms()
  way.begin?.(terms)
  for (const condition of conditions) {
    if (way.covered?.includes(condition) !== true) addTerm(terms, condition, query.now ?? Number.NEGATIVE_INFINITY)
  }
  addSort(terms, sort, way)
  const [first, ...rest] = sortColumns(sort, way)
  if (query.after !== undefined) addPlace(terms, [first, ...rest], sort, query.after)
  const inOrder = (columns: readonly string[]): string =>
    `ORDER BY ${columns.map(column => (sort.descending ? `${column} DESC` : column)).join(', ')}`
  const page = `${way.from} ${terms.where} ${inOrder([first, ...rest])} LIMIT ?`
  const values = [...terms.values, limitOf(query.limit)]
  if (way.sorted) return { sql: `SELECT c.checksum, c.body FROM ${page}`, values }
  // Sorted without their bodies, of which only those on the page are read.
  const outer = ['p.first', ...rest.map(column => column.replace('t.', 'c.'))]
  const sql = `SELECT c.checksum, c.body FROM (SELECT c.n AS n, ${first} AS first FROM ${page}) p CROSS JOIN checkpoint c ON c.n = p.n ${inOrder(outer)}`
  return { sql, values }
}

/** How the rows are found. */
interface Way {
  readonly from: string
  /** They come as they are to be sorted, but for ids of one order. */
  readonly sorted: boolean
  /** The rows begin with one of the table `t`, of tags or metadata, which repeats the order. */
  readonly byDetail?: boolean
  /** Conditions that are part of it. */
  readonly covered?: readonly CheckpointCondition[]
  begin?(terms: SqlTerms): void
}

const by = (index: string, sorted = true, begin?: string): Way => ({
  from: `checkpoint c INDEXED BY checkpoint_by_${index}`,
  sorted,
  ...(begin === undefined ? {} : { begin: terms => void terms.add(begin) }),
})

const indexOfField = {
  order: 'order',
  createdAt: 'time',
  expiresAt: 'expiry',
  logicalBytes: 'logical',
  storedBytes: 'stored',
  type: 'type',
  id: 'id',
} as const

function wayTo(conditions: readonly CheckpointCondition[], sort: CheckpointSort): Way {
  const few = wayToFew(conditions, sort)
  if (few === undefined) return wayByIndex(conditions, sort)
  return sort.path === undefined ? few : { ...few, from: `${few.from} CROSS JOIN attribute t` }
}

const finderIn =
  (conditions: readonly CheckpointCondition[]) =>
  (field: CheckpointCondition['field'], ...operators: readonly ConditionOperator[]): CheckpointCondition | undefined =>
    conditions.find(one => one.field === field && operators.includes(one.operator))

/** A way by which few are found, whatever they are sorted by. */
function wayToFew(conditions: readonly CheckpointCondition[], sort: CheckpointSort): Way | undefined {
  const byOrder = sort.field === 'order'
  const find = finderIn(conditions)
  if (find('id', 'eq', 'in', 'prefix') !== undefined) return byId(conditions, sort.field === 'id')
  if (find('run', 'eq') !== undefined) return by(find('stage', 'eq') === undefined ? 'run' : 'run_stage', byOrder)
  if (find('pinned', 'eq')?.values[0] === true || find('pins', 'has') !== undefined) return by('pin', byOrder)
  const status = find('status', 'eq')?.values[0]
  if (typeof status === 'string' && status !== 'active' && status !== 'expired') {
    return { ...by('status', byOrder), begin: terms => void terms.add("c.status <> 'active' AND c.status = ?", status) }
  }
  return undefined
}

function wayByIndex(conditions: readonly CheckpointCondition[], sort: CheckpointSort): Way {
  if (sort.path !== undefined) return byAttribute(sort.path, conditions, true)
  if (sort.field !== undefined && sort.field !== 'order') return by(indexOfField[sort.field])
  return wayByOrder(conditions)
}

function wayByOrder(conditions: readonly CheckpointCondition[]): Way {
  const find = finderIn(conditions)
  if (find('stage', 'eq') !== undefined) return by('stage')
  const tag = find('tags', 'has')
  if (tag !== undefined) return byTag(tag)
  const equal = conditions.find(one => one.path !== undefined && one.operator === 'eq')
  if (equal?.path !== undefined) return byAttribute(equal.path, conditions, true)
  const type = find('type', 'eq')?.values[0]
  // Most checkpoints are results of stages: nearly anything else finds fewer.
  if (type !== undefined && type !== 'stage') return by('type')
  const range = conditions.find(one => one.path !== undefined && one.operator !== 'ne' && one.values[0] !== false)
  if (range?.path !== undefined) return byAttribute(range.path, conditions, false)
  if (find('status', 'eq')?.values[0] === 'expired') return by('expiry', false, 'c.expires_at IS NOT NULL')
  for (const field of ['expiresAt', 'createdAt', 'logicalBytes', 'storedBytes'] as const) {
    if (find(field, 'eq', 'in', 'lt', 'lte', 'gt', 'gte') === undefined) continue
    return by(indexOfField[field], false, field === 'expiresAt' ? 'c.expires_at IS NOT NULL' : undefined)
  }
  return by(type === undefined ? 'order' : 'type')
}

/** Ids hold no characters that would be kept in another form. */
function byId(conditions: readonly CheckpointCondition[], sorted: boolean): Way {
  const prefix = conditions.find(one => one.field === 'id' && one.operator === 'prefix')?.values[0]
  if (typeof prefix !== 'string') return by('id', sorted)
  const key = keyText(prefix)
  return { ...by('id', sorted), begin: terms => void terms.add('c.id >= ? AND c.id < ?', key, key + highestCharacter) }
}

function byTag(covered: CheckpointCondition): Way {
  return {
    from: 'tag t INDEXED BY tag_by_name CROSS JOIN checkpoint c ON c.n = t.checkpoint',
    sorted: true,
    byDetail: true,
    covered: [covered],
    begin: terms => void terms.add('t.tag = ?', keyText(String(covered.values[0]))),
  }
}

function byAttribute(path: string, conditions: readonly CheckpointCondition[], sorted: boolean): Way {
  const covered = conditions.filter(one => one.path === path && one.operator !== 'ne' && one.operator !== 'exists')
  return {
    from: 'attribute t INDEXED BY attribute_by_value CROSS JOIN checkpoint c ON c.n = t.checkpoint',
    sorted,
    byDetail: true,
    covered,
    begin: terms => {
      terms.add('t.key = ?', keyText(path))
      for (const condition of covered) addBounds(terms, 't.value', condition, covered)
    },
  }
}

/** Leaves out what has nothing to sort by. */
function addSort(terms: SqlTerms, sort: CheckpointSort, way: Way): void {
  if (sort.field === 'expiresAt') terms.add('c.expires_at IS NOT NULL')
  if (sort.path === undefined) return
  if (way.byDetail === true) terms.add('t.value < ?', listValue)
  else terms.add('t.checkpoint = c.n AND t.key = ? AND +t.value < ?', keyText(sort.path), listValue)
}

/** What the rows are sorted by, the most important first. */
function sortColumns(sort: CheckpointSort, way: Way): readonly [string, ...string[]] {
  const order = way.byDetail === true ? 't.ord' : 'c.ord'
  if (sort.path !== undefined) return ['t.value', order, 'c.id']
  if (sort.field === 'id') return ['c.id']
  if (sort.field === 'order' || sort.field === undefined) return [order, 'c.id']
  return [sort.field === 'type' ? 'c.type' : (numberColumns[sort.field] ?? order), order, 'c.id']
}

function addPlace(terms: SqlTerms, columns: readonly string[], sort: CheckpointSort, place: CheckpointPlace): void {
  const id = keyText(place.id)
  const rest = sort.field === 'id' ? [id] : [place.order, id]
  const value = place.value ?? null
  const first = sort.path === undefined ? (typeof value === 'number' ? value : keyText(String(value))) : attributeValue(value)
  const values: readonly SqlValue[] = columns.length > rest.length ? [first, ...rest] : rest
  terms.add(`(${columns.join(', ')}) ${sort.descending ? '<' : '>'} (${values.map(() => '?').join(', ')})`, ...values)
}
