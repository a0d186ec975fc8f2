import { type CheckpointStatus, checkpointStatuses } from './checkpoint-status.ts'
import { nearest } from './did-you-mean.ts'
import { WaymarkError } from './errors.ts'
import { type ComparableValue, comparableValue } from './metadata-values.ts'

/** A value as a caller gives it to compare with. */
export type FilterValue = string | number | bigint | boolean | null | Date

interface Comparison<Value> {
  readonly lt?: Value
  readonly lte?: Value
  readonly gt?: Value
  readonly gte?: Value
}

interface Equality<Value> {
  /** Also true where there is no value. */
  readonly ne?: Value
  readonly in?: readonly Value[]
  readonly exists?: boolean
}

/** Equal to a text, or every operator given. */
export type TextCondition<Text extends string = string> =
  | Text
  | (Equality<Text> & Comparison<string> & { readonly prefix?: string })
/** Equal to a number (a date: its milliseconds), or every operator given. */
export type NumberCondition = number | Date | (Equality<number | Date> & Comparison<number | Date>)
/** Holds a text, or every one of several. */
export type ListCondition = string | { readonly has?: string | readonly string[]; readonly exists?: boolean }
export type MetadataCondition =
  | FilterValue
  | (Equality<FilterValue> &
      Comparison<string | number | bigint | Date> & {
        readonly prefix?: string
        /** For a list: holds this, or every one of several. */
        readonly has?: FilterValue | readonly FilterValue[]
      })

/** Conditions on the fields of a checkpoint, all of which must hold; `metadata.<dotted path>` is own metadata. */
export interface CheckpointWhere {
  readonly id?: TextCondition
  readonly run?: TextCondition
  readonly stage?: TextCondition
  readonly type?: TextCondition
  readonly status?: TextCondition<CheckpointStatus>
  readonly description?: TextCondition
  readonly parent?: TextCondition
  readonly digest?: TextCondition
  readonly encoding?: TextCondition
  readonly order?: NumberCondition
  readonly createdAt?: NumberCondition
  readonly changedAt?: NumberCondition
  readonly expiresAt?: NumberCondition
  readonly rows?: NumberCondition
  readonly logicalBytes?: NumberCondition
  readonly storedBytes?: NumberCondition
  readonly pinned?: boolean
  readonly tags?: ListCondition
  /** Names of pins. */
  readonly pins?: ListCondition
  readonly [path: `metadata.${string}`]: MetadataCondition
}

const kindOf = {
  id: 'text',
  run: 'text',
  stage: 'text',
  type: 'text',
  status: 'text',
  description: 'text',
  parent: 'text',
  digest: 'text',
  encoding: 'text',
  order: 'number',
  createdAt: 'number',
  changedAt: 'number',
  expiresAt: 'number',
  rows: 'number',
  logicalBytes: 'number',
  storedBytes: 'number',
  pinned: 'flag',
  tags: 'list',
  pins: 'list',
} as const
export type CheckpointField = keyof typeof kindOf
type Kind = (typeof kindOf)[CheckpointField] | 'metadata'

const operatorsOf = {
  text: ['ne', 'in', 'exists', 'lt', 'lte', 'gt', 'gte', 'prefix'],
  number: ['ne', 'in', 'exists', 'lt', 'lte', 'gt', 'gte'],
  flag: ['ne'],
  list: ['has', 'exists'],
  metadata: ['ne', 'in', 'exists', 'lt', 'lte', 'gt', 'gte', 'prefix', 'has'],
} as const satisfies Readonly<Record<Kind, readonly string[]>>
export type ConditionOperator = 'eq' | (typeof operatorsOf)[Kind][number]

/** More values than this in one `in` are refused. */
export const inValuesMax = 1000

/** One condition, checked. Exactly one of `field` and `path` (of the metadata) is there. */
export interface CheckpointCondition {
  readonly field?: CheckpointField
  readonly path?: string
  readonly operator: ConditionOperator
  /** Only `in` has several. */
  readonly values: readonly ComparableValue[]
}

/** A field, or a path of the metadata, by the name a caller gives it. */
export type FieldName = { readonly field: CheckpointField } | { readonly path: string }

/** @throws WaymarkError `invalid` with what was probably meant */
export function parseFieldName(name: string, among: readonly string[] = Object.keys(kindOf)): FieldName {
  if (name.startsWith('metadata.') && name.length > 'metadata.'.length) return { path: name.slice('metadata.'.length) }
  if (isField(name) && among.includes(name)) return { field: name }
  throw invalidFilter(`a checkpoint has no field ${JSON.stringify(name)} to ask for`, name, [...among, 'metadata.<key>'])
}

const isField = (name: string): name is CheckpointField => Object.hasOwn(kindOf, name)

/** @throws WaymarkError `invalid` for an unknown field or operator (with what was probably meant) or a value that cannot be compared */
export function parseWhere(where: CheckpointWhere): readonly CheckpointCondition[] {
  return Object.entries(where).flatMap(([name, condition]: [string, unknown]): readonly CheckpointCondition[] => {
    if (condition === undefined) return []
    const field = parseFieldName(name)
    const kind = 'field' in field ? kindOf[field.field] : 'metadata'
    if (!isOperators(condition)) {
      const operator: ConditionOperator = kind === 'list' ? 'has' : 'eq'
      return [{ ...field, operator, values: [operand(name, operator, kind, condition)] }]
    }
    return Object.entries(condition).flatMap(([operator, value]) => {
      if (value === undefined) return []
      const known = operatorsOf[kind].find(one => one === operator)
      if (known === undefined) {
        throw invalidFilter(`${JSON.stringify(operator)} is no operator of ${name}`, operator, operatorsOf[kind])
      }
      return operands(name, known, kind, value).map(values => ({ ...field, operator: known, values }))
    })
  })
}

const isOperators = (condition: unknown): condition is Readonly<Record<string, unknown>> =>
  typeof condition === 'object' && condition !== null && !(condition instanceof Date)

/** The values of each condition that an operator stands for: of `has` with several, one for each. */
function operands(name: string, operator: ConditionOperator, kind: Kind, value: unknown): (readonly ComparableValue[])[] {
  if (operator === 'exists') {
    if (typeof value === 'boolean') return [[value]]
    throw invalidValue(name, operator, value)
  }
  if (operator === 'in') {
    if (!Array.isArray(value) || value.length > inValuesMax) throw invalidValue(name, operator, value)
    return [value.map(one => operand(name, operator, kind, one))]
  }
  if (operator === 'has' && Array.isArray(value)) return value.map(one => [operand(name, operator, kind, one)])
  return [[operand(name, operator, kind, value)]]
}

function operand(name: string, operator: ConditionOperator, kind: Kind, value: unknown): ComparableValue {
  const comparable = comparableValue(value)
  if (comparable === undefined || !fits(comparable, operator, kind)) throw invalidValue(name, operator, value)
  if (name === 'status' && ['eq', 'ne', 'in'].includes(operator) && !checkpointStatuses.some(status => status === comparable)) {
    throw invalidFilter(`${JSON.stringify(comparable)} is no status`, String(comparable), checkpointStatuses)
  }
  return comparable
}

const ordered: ReadonlySet<ConditionOperator> = new Set(['lt', 'lte', 'gt', 'gte'])

function fits(value: ComparableValue, operator: ConditionOperator, kind: Kind): boolean {
  if (operator === 'prefix' || kind === 'text' || kind === 'list') return typeof value === 'string'
  if (kind === 'number') return typeof value === 'number'
  if (kind === 'flag') return typeof value === 'boolean'
  return !ordered.has(operator) || typeof value === 'string' || typeof value === 'number'
}

function invalidValue(name: string, operator: string, value: unknown): WaymarkError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return new WaymarkError('invalid', {
    message: `${name} cannot be compared${operator === 'eq' ? '' : ` by ${operator}`} with ${shown.slice(0, 100)}`,
    means: 'Nothing was read or changed.',
    remedy:
      operator === 'in'
        ? `Give a list of at most ${inValuesMax} values of the field's kind.`
        : "Give a value of the field's kind: a text, a number or date, true or false.",
  })
}

export function invalidFilter(message: string, typed: string, known: readonly string[]): WaymarkError {
  const meant = nearest(typed, known)
  return new WaymarkError('invalid', {
    message,
    means: 'Nothing was read or changed.',
    remedy: meant === undefined ? `Use one of: ${known.join(', ')}.` : `Did you mean ${meant}? There are: ${known.join(', ')}.`,
    ...(meant === undefined ? {} : { details: { meant } }),
  })
}
