import { type CheckpointWhere, parseWhere } from '../model/checkpoint-filter.ts'
import { parseSort, type SortOption } from '../model/checkpoint-sort.ts'
import { isWaymarkError, WaymarkError } from '../model/errors.ts'

const operators = { '!=': 'ne', '<=': 'lte', '>=': 'gte', '=': 'eq', '<': 'lt', '>': 'gt', '~': 'prefix' } as const
type Operator = (typeof operators)[keyof typeof operators] | 'exists'

const forms = 'field=value, field!=value, field<value, <=, >, >=, field~prefix, field? (exists)'

/** One `--where`, its value still in the forms it can be meant in. */
interface Expression {
  readonly text: string
  readonly field: string
  readonly operator: Operator
  readonly values: readonly unknown[]
}

/**
 * Conditions as they are typed: `metadata.loss<0.5`, `type=model`, `tags=best`, `createdAt>=2026-11-20`, `metadata.note?`. A value is read as JSON where it is some, as a text or a time where the
 * field wants that.
 *
 * @throws WaymarkError `invalid` with what is possible
 */
export function whereOf(texts: readonly string[]): CheckpointWhere {
  const where = new Map<string, Map<string, unknown>>()
  for (const text of texts) {
    const expression = expressionOf(text)
    const { field, operator } = expression
    const value = fittingValue(expression)
    const conditions = where.get(field) ?? new Map<string, unknown>()
    where.set(field, conditions)
    const isList = field === 'tags' || field === 'pins'
    const name = operator !== 'eq' ? operator : isList ? 'has' : field === 'pinned' ? 'eq' : 'in'
    const before = conditions.get(name)
    if (name === 'has' && Array.isArray(before)) before.push(value)
    else if (before !== undefined) throw twice(text, field)
    else conditions.set(name, name === 'in' || name === 'has' ? [value] : value)
  }
  return asWhere([...where].map(([field, conditions]) => [field, conditionOf(conditions)]))
}

/** Names and values are checked by `parseWhere`, of which these were. */
function asWhere(entries: readonly (readonly [field: string, condition: unknown])[]): CheckpointWhere {
  const where: object = Object.fromEntries(entries)
  const isWhere = (_checked: object): _checked is CheckpointWhere => true
  return isWhere(where) ? where : {}
}

function conditionOf(conditions: ReadonlyMap<string, unknown>): unknown {
  const [first] = conditions
  const isOne = conditions.size === 1 && first !== undefined
  if (isOne && first[0] === 'eq') return first[1]
  if (isOne && first[0] === 'in' && Array.isArray(first[1])) return first[1][0]
  return Object.fromEntries(conditions)
}

function expressionOf(text: string): Expression {
  const exists = /^([^=<>!~?]+)\?$/.exec(text)
  if (exists !== null) return { text, field: (exists[1] ?? '').trim(), operator: 'exists', values: [true] }
  const match = /^([^=<>!~?]+)(!=|<=|>=|=|<|>|~)(.*)$/s.exec(text)
  const operator = match === null ? undefined : Object.entries(operators).find(([sign]) => sign === match[2])?.[1]
  if (match === null || operator === undefined) throw notAnExpression(text)
  const value = (match[3] ?? '').trim()
  return { text, field: (match[1] ?? '').trim(), operator, values: operator === 'prefix' ? [value] : meanings(value) }
}

/** As JSON, as it stands, and as a time. */
function meanings(text: string): readonly unknown[] {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  return [...jsonOf(text), text, ...(Number.isNaN(time) ? [] : [time])]
}

function jsonOf(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? [] : [value]
  } catch {
    return []
  }
}

/** The first form of the value that the field can be compared with. */
function fittingValue({ text, field, operator, values }: Expression): unknown {
  let refused: unknown
  for (const value of values) {
    try {
      parseWhere(asWhere([[field, operator === 'eq' ? value : { [operator]: value }]]))
      return value
    } catch (error) {
      refused ??= error
    }
  }
  if (!isWaymarkError(refused)) throw refused
  throw new WaymarkError('invalid', {
    message: `--where ${JSON.stringify(text)}: ${refused.message}`,
    means: refused.means,
    remedy: remedyOf(field, refused),
    details: refused.details,
  })
}

function remedyOf(field: string, refused: WaymarkError): string {
  if (refused.message.startsWith(`${field} cannot be compared`))
    return `Write ${forms}; a time as 2026-11-20 or 2026-11-20T08:00Z.`
  if (!refused.message.startsWith('a checkpoint has no field') || refused.details['meant'] !== undefined) return refused.remedy
  return `Own metadata is written metadata.${field}. ${refused.remedy}`
}

/**
 * `createdAt`, `storedBytes:desc`, `metadata.loss:asc`; without a direction the lowest come first.
 *
 * @throws WaymarkError `invalid`
 */
export function sortOf(text: string | undefined): SortOption | undefined {
  if (text === undefined) return undefined
  const [, by = text, direction = 'asc'] = /^(.*):(asc|desc)$/.exec(text) ?? []
  const { field, path, descending } = parseSort(asSort({ by, direction }))
  return { by: field ?? `metadata.${path ?? ''}`, direction: descending ? 'desc' : 'asc' }
}

/** What is none is refused by `parseSort`. */
function asSort(sort: { readonly by: string; readonly direction: string }): SortOption {
  const isSort = (_checked: object): _checked is SortOption => true
  return isSort(sort) ? sort : { by: 'order' }
}

const notAnExpression = (text: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `--where ${JSON.stringify(text)} is no condition`,
    means: 'Nothing was read or changed.',
    remedy: `Write one of: ${forms}. In quotes, where the shell would read a sign itself.`,
  })

const twice = (text: string, field: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `--where ${JSON.stringify(text)} says about ${field} what another --where says already`,
    means: 'Nothing was read or changed.',
    remedy: 'Give each comparison of a field once; all of them must hold.',
  })
