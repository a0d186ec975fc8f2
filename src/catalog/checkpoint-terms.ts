import type { CheckpointCondition, CheckpointField } from '../model/checkpoint-filter.ts'
import { type ComparableValue, comparedText, orderedText } from '../model/metadata-values.ts'
import { attributeValue, listValue } from './checkpoint-rows.ts'
import { keyText } from './key-text.ts'
import { highestCharacter, SqlTerms, type SqlValue } from './sql-terms.ts'

/*
 * Conditions on checkpoints as SQL. A term may let through more than its condition (texts are kept in part, some fields not at all); what it lets through
 * is then looked at as it is. It never holds back what fits.
 */

const textColumns: Partial<Record<CheckpointField, string>> = { id: 'c.id', run: 'c.run', stage: 'c.stage', type: 'c.type' }
export const numberColumns: Partial<Record<CheckpointField, string>> = {
  order: 'c.ord',
  createdAt: 'c.created_at',
  logicalBytes: 'c.logical_bytes',
  storedBytes: 'c.stored_bytes',
  expiresAt: 'c.expires_at',
}
const signs = { eq: '=', ne: 'IS NOT', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

/** Whether its term holds for exactly the checkpoints for which the condition does. */
export function isExact({ field, path, operator, values }: CheckpointCondition): boolean {
  if (path !== undefined) return operator !== 'has' && values.every(value => typeof value !== 'string')
  if (field === undefined || field === 'pinned') return true
  if (field === 'tags') return operator === 'has'
  if (field === 'status') return operator === 'eq' || operator === 'in'
  if (numberColumns[field] !== undefined) return true
  return textColumns[field] !== undefined && ['eq', 'ne', 'in', 'exists'].includes(operator)
}

/** Adds the term of a condition; of one that has none, nothing. */
export function addTerm(terms: SqlTerms, condition: CheckpointCondition, now: number): void {
  const { field, path } = condition
  if (path !== undefined) return addAttributeTerm(terms, path, condition)
  if (field === undefined) return
  const [value = null] = condition.values
  const text = textColumns[field]
  const number = numberColumns[field]
  if (text !== undefined) addTextTerm(terms, text, condition)
  else if (number !== undefined) addNumberTerm(terms, number, condition)
  else if (field === 'status') addStatusTerm(terms, condition, now)
  else if (field === 'pinned') terms.add((value === true) === (condition.operator === 'eq') ? 'c.pinned = 1' : 'c.pinned = 0')
  else if (field === 'pins') terms.add(value === false ? 'c.pinned = 0' : 'c.pinned = 1')
  else if (field === 'tags' && condition.operator === 'has') {
    terms.add('EXISTS (SELECT 1 FROM tag x WHERE x.tag = ? AND x.ord = c.ord AND x.checkpoint = c.n)', keyText(String(value)))
  }
}

function addTextTerm(terms: SqlTerms, column: string, { operator, values }: CheckpointCondition): void {
  const [value = null] = values
  const key = keyText(String(value))
  switch (operator) {
    case 'exists':
      return void terms.add(`${column} IS ${value === true ? 'NOT ' : ''}NULL`)
    case 'in':
      return addList(
        terms,
        column,
        values.map(one => keyText(String(one))),
      )
    case 'eq':
    case 'ne':
      return void terms.add(`${column} ${signs[operator]} ?`, key)
    case 'prefix':
      // Texts that are kept in another form begin with U+0001, and are looked at as they are.
      if (orderedText(String(value)) === value && key === value) {
        terms.add(`(${column} >= ? AND ${column} < ? OR ${column} < char(2))`, key, key + highestCharacter)
      }
      return
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      if (orderedText(String(value)) === value && key === value) {
        terms.add(`(${column} ${signs[operator].slice(0, 1)}= ? OR ${column} < char(2))`, key)
      }
  }
}

function addNumberTerm(terms: SqlTerms, column: string, { operator, values }: CheckpointCondition): void {
  const [value = null] = values
  if (operator === 'exists') terms.add(`${column} IS ${value === true ? 'NOT ' : ''}NULL`)
  else if (operator === 'in') addList(terms, column, values.map(Number))
  else if (operator !== 'prefix' && operator !== 'has') terms.add(`${column} ${signs[operator]} ?`, Number(value))
}

const expired = "(c.status IN ('active', 'completed') AND c.expires_at <= ?)"

function addStatusTerm(terms: SqlTerms, { operator, values }: CheckpointCondition, now: number): void {
  if (operator !== 'eq' && operator !== 'in') return
  const own = values.filter(value => value !== 'expired').map(String)
  const any: string[] = []
  const bound: SqlValue[] = []
  if (own.length > 0) {
    any.push(`(c.status IN (${own.map(() => '?').join(', ')}) AND NOT coalesce(${expired}, 0))`)
    bound.push(...own, now)
  }
  if (own.length < values.length) {
    any.push(expired)
    bound.push(now)
  }
  terms.add(any.length === 0 ? '0' : `(${any.join(' OR ')})`, ...bound)
}

/** A list is filled up to a power of two with its last value, so that there are few texts of statements. */
function addList(terms: SqlTerms, column: string, values: readonly SqlValue[]): void {
  const last = values.at(-1)
  if (last === undefined) return void terms.add('0')
  const size = 2 ** Math.ceil(Math.log2(values.length))
  const filled = [...values, ...Array<SqlValue>(size - values.length).fill(last)]
  terms.add(`${column} IN (${filled.map(() => '?').join(', ')})`, ...filled)
}

function addAttributeTerm(terms: SqlTerms, path: string, condition: CheckpointCondition): void {
  const { operator, values } = condition
  const [value = null] = values
  const inner = new SqlTerms().add('x.checkpoint = c.n AND x.key = ?', keyText(path))
  const isNot = operator === 'ne' || (operator === 'exists' && value === false)
  if (operator === 'ne') {
    // A text that is equal in part may be another one.
    if (typeof value === 'string') return
    inner.add('+x.value = ?', attributeValue(value))
  }
  // The plus keeps SQLite to the key of the table: the index by value would read every checkpoint that has the path.
  addBounds(inner, '+x.value', condition)
  terms.add(`${isNot ? 'NOT ' : ''}EXISTS (SELECT 1 FROM attribute x ${inner.where})`, ...inner.values)
}

/**
 * What a condition on metadata says of the column where the value is kept.
 *
 * @param others All that are said of the column: SQLite uses one bound on each side, which had better be the narrow one.
 */
export function addBounds(
  terms: SqlTerms,
  column: string,
  condition: CheckpointCondition,
  others: readonly CheckpointCondition[] = [],
): void {
  const { operator, values } = condition
  const [value = null] = values
  switch (operator) {
    case 'eq':
      return void terms.add(`${column} = ?`, attributeValue(value))
    case 'in':
      return addList(terms, column, values.map(attributeValue))
    case 'has':
      return void terms.add(`${column} = ?`, listValue)
    case 'prefix': {
      const prefix = comparedText(String(value))
      return void terms.add(`${column} >= ? AND ${column} < ?`, prefix, prefix + highestCharacter)
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte':
      return addRange(terms, column, operator, value, isBounded(others, operator, value))
  }
}

/** SQLite sorts numbers before texts, and texts before bytes. */
function addRange(
  terms: SqlTerms,
  column: string,
  operator: 'lt' | 'lte' | 'gt' | 'gte',
  value: ComparableValue,
  bounded: boolean,
): void {
  const above = operator === 'gt' || operator === 'gte'
  if (typeof value === 'number') {
    terms.add(`${column} ${signs[operator]} ?`, value)
    if (above && !bounded) terms.add(`${column} < ''`)
  } else {
    // Equal in part may be above or below as a whole.
    terms.add(`${column} ${above ? '>=' : '<='} ?`, comparedText(String(value)))
    if (!bounded) terms.add(above ? `${column} < x''` : `${column} >= ''`)
  }
}

/** Whether another condition bounds the other side by a value of the same kind. */
function isBounded(
  others: readonly CheckpointCondition[],
  operator: 'lt' | 'lte' | 'gt' | 'gte',
  value: ComparableValue,
): boolean {
  const opposite = operator === 'gt' || operator === 'gte' ? ['lt', 'lte'] : ['gt', 'gte']
  return others.some(other => opposite.includes(other.operator) && typeof other.values[0] === typeof value)
}
