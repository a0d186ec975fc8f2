import { checkNesting, mostLevels, tooDeep } from './check-nesting.ts'
import { type ColumnPlan, innerName, presentUndefined, type ValueForm } from './column-plan.ts'
import { type ColumnValues, refusedCell } from './column-values.ts'
import type { ColumnField, ColumnType } from './columnar.ts'
import { checkItems } from './list-items.ts'
import { quoted, refusedTable, shownValue, unsupportedInRows } from './refused-table.ts'
import { type GatheredObjects, ObjectShapes } from './row-shapes.ts'
import { tableMarkOf } from './table-mark.ts'
import { typeText } from './type-text.ts'
import { anyNumber, groupOf, kind, kindName, kindOf, kindsIn } from './value-kinds.ts'

const int32: ColumnType = { kind: 'int', bits: 32, signed: true }
const int64: ColumnType = { kind: 'int', bits: 64, signed: true }
const uint64: ColumnType = { kind: 'int', bits: 64, signed: false }
const float64: ColumnType = { kind: 'float', bits: 64 }
/** From here on it is rare that there are lists or objects, and those in a cycle are not many yet. */
const searchedLevel = 3

/**
 * The type of a column by its values, or how they become the type that was given. Whether each of them fits is found when they are written.
 *
 * @param level how deep in the rows the column lies
 * @throws WaymarkError `invalid` for values of several kinds, with the column and the first two rows, and for what nests without end; `unsupported` for types that rows cannot have
 */
export function planColumn(column: ColumnValues, given: ColumnType | undefined, level: number = 1): ColumnPlan {
  if (level > mostLevels) throw tooDeep(column, 0)
  const kinds = kindsIn(column.values)
  if (level === searchedLevel && (kinds & (kind.list | kind.object)) !== 0) checkNesting(column, level)
  const group = groupOf(kinds & -kinds)
  if ((kinds & ~group) !== 0 || kinds >= kind.other) throw mixed(column)
  return planByKinds(column, kinds, given, level)
}

/** The same, of values of one group whose kinds are known; they need not all be there, but for lists, objects and bigints. */
export const planByKinds = (column: ColumnValues, kinds: number, given: ColumnType | undefined, level: number = 1): ColumnPlan =>
  given === undefined ? inferred(column, kinds, level) : planned(column, kinds, given, level)

function inferred(column: ColumnValues, kinds: number, level: number): ColumnPlan {
  const { name } = column
  const simple = (type: ColumnType, form: ValueForm): ColumnPlan => ({ name, type, form, children: [] })
  switch (kinds) {
    case 0:
      return simple({ kind: 'null' }, 'none')
    case kind.boolean:
      return simple({ kind: 'bool' }, 'boolean')
    case kind.bigint:
      return simple(bigintType(column), 'bigint')
    case kind.text:
      return simple({ kind: 'utf8', large: false }, 'text')
    case kind.date:
      return simple({ kind: 'timestamp', unit: 'ms' }, 'date')
    case kind.bytes:
    case kind.buffer:
      return simple({ kind: 'binary', large: false }, kinds === kind.bytes ? 'bytes' : 'buffer')
    case kind.list: {
      const item = planColumn(itemsOf(column), undefined, level + 1)
      return { name, type: { kind: 'list', large: false, item: fieldOf(item) }, form: 'list', children: [item] }
    }
    case kind.object: {
      const { children, shapes } = planObjects(column, undefined, level + 1)
      return { name, type: { kind: 'struct', fields: children.map(fieldOf) }, form: 'object', shapes, children }
    }
    default:
      if ((kinds & kind.float) !== 0) return simple(float64, 'number')
      return simple((kinds & kind.integer) !== 0 ? int64 : int32, 'number')
  }
}

/** The narrowest of int64, uint64 and decimals that holds all of them. */
function bigintType(column: ColumnValues): ColumnType {
  let least = 0n
  let most = 0n
  for (const value of column.values) {
    if (typeof value !== 'bigint') continue
    if (value < least) least = value
    if (value > most) most = value
  }
  if (least >= -(2n ** 63n) && most < 2n ** 63n) return int64
  if (least >= 0n && most < 2n ** 64n) return uint64
  const digits = Math.max(String(most).length, String(least).length - (least < 0n ? 1 : 0))
  if (digits <= 38) return { kind: 'decimal', bits: 128, precision: 38, scale: 0 }
  if (digits <= 76) return { kind: 'decimal', bits: 256, precision: 76, scale: 0 }
  const index = column.values.findIndex(value => value === most || value === least)
  throw refusedCell(column, index, 'has more than 76 digits', 'Store it as text.')
}

/** Which kinds of values a type takes, and their form. */
function planned(column: ColumnValues, kinds: number, type: ColumnType, level: number): ColumnPlan {
  const { name, where } = column
  const plan = (form: ValueForm): ColumnPlan => ({ name, type, form, children: [] })
  const one = (...allowed: readonly number[]): ValueForm => {
    if (kinds !== 0 && !allowed.some(bits => (bits & kinds) !== 0)) throw wrongKind(column, type, allowed)
    return formOf(kinds)
  }
  switch (type.kind) {
    case 'null':
      return plan(one())
    case 'bool':
      return plan(one(kind.boolean))
    case 'int':
    case 'duration':
    case 'time':
      return plan(one(anyNumber, kind.bigint))
    case 'float':
      if (type.bits === 16) throw unsupportedInRows(where, name, typeText(type))
      return plan(one(anyNumber))
    case 'decimal':
      return plan(one(anyNumber, kind.bigint, kind.text))
    case 'utf8':
      return plan(one(kind.text))
    case 'binary':
    case 'fixed-binary':
      return plan(one(kind.bytes, kind.buffer))
    case 'date':
    case 'timestamp':
      return plan(one(kind.date, anyNumber, kind.bigint))
    case 'list':
    case 'fixed-list':
      one(kind.list)
      return { name, type, form: 'list', children: [planColumn(itemsOf(column), type.item.type, level + 1)] }
    case 'struct': {
      one(kind.object)
      const { children, shapes } = planObjects(column, type.fields, level + 1)
      return { name, type, form: 'object', shapes, children }
    }
    case 'dictionary': {
      const values = planned(column, kinds, type.values, level + 1)
      if (!['none', 'boolean', 'number', 'bigint', 'text'].includes(values.form))
        throw unsupportedInRows(where, name, typeText(type))
      return { name, type, form: values.form, children: [values] }
    }
    default:
      throw unsupportedInRows(where, name, typeText(type))
  }
}

function formOf(kinds: number): ValueForm {
  if (kinds === 0) return 'none'
  if ((kinds & anyNumber) !== 0) return 'number'
  if (kinds === kind.boolean) return 'boolean'
  if (kinds === kind.bigint) return 'bigint'
  if (kinds === kind.text) return 'text'
  if (kinds === kind.date) return 'date'
  if (kinds === kind.bytes) return 'bytes'
  return kinds === kind.buffer ? 'buffer' : kinds === kind.list ? 'list' : 'object'
}

interface PlannedObjects extends GatheredObjects {
  readonly children: readonly ColumnPlan[]
  readonly shapes: readonly (readonly number[])[]
}

/** The columns that the keys of objects are. */
function planObjects(column: ColumnValues, given: readonly ColumnField[] | undefined, level: number): PlannedObjects {
  const { values, where, rowOf, name } = column
  const shapes = shapesOf(
    given?.map(field => field.name),
    column,
  )
  const gathered = shapes.gather(values, 0, values.length)
  const children = shapes.names.map((key, index) =>
    planColumn({ name: innerName(name, key), values: gathered.columns[index] ?? [], rowOf, where }, given?.[index]?.type, level),
  )
  return {
    children: children.map((child, index) => ({ ...child, name: shapes.names[index] ?? '' })),
    shapes: shapes.shapes,
    ...gathered,
  }
}

export const shapesOf = (
  names: readonly string[] | undefined,
  { where, name, rowOf }: Pick<ColumnValues, 'where' | 'name' | 'rowOf'>,
): ObjectShapes => new ObjectShapes(names, where, name === '' ? 'row' : `${quoted(name)} of row`, rowOf)

/** The items of all lists, one list behind the other. */
function itemsOf(column: ColumnValues): ColumnValues {
  checkItems(column, 0, column.values.length)
  const items: unknown[] = []
  const lists: number[] = []
  for (const [index, list] of column.values.entries()) {
    if (!Array.isArray(list)) continue
    if (tableMarkOf(list) !== undefined) throw refusedCell(column, index, 'is a table within a table', nestedRemedy)
    for (let at = 0; at < list.length; at++) {
      const item: unknown = list[at]
      if (item === undefined && !Object.hasOwn(list, at))
        throw refusedCell(column, index, 'is a list with an element that is absent', 'Put null or undefined in its place.')
      items.push(item === undefined ? presentUndefined : item)
      lists.push(index)
    }
  }
  const { name, where, rowOf } = column
  return { name: innerName(name, 'item'), values: items, rowOf: index => rowOf(lists[index] ?? 0), where }
}

const nestedRemedy =
  'Keep it beside the other: { orders: table(orders), lines: table(lines) }; or leave its mark out, so that it is a list.'

export const fieldOf = ({ name, type }: ColumnPlan): ColumnField => ({ name, type, nullable: true })

function mixed(column: ColumnValues): Error {
  const { values, name, rowOf, where } = column
  const first = values.findIndex(value => kindOf(value) !== 0)
  const group = groupOf(kindOf(values[first]))
  const second = values.findIndex(value => (kindOf(value) & ~group) !== 0)
  const at = group === kind.other ? first : second
  if (kindOf(values[at]) === kind.other)
    return refusedCell(
      column,
      at,
      'cannot be in a table',
      'Store what it stands for: numbers, texts, Dates, bytes, lists, plain objects.',
    )
  const rows = [rowOf(first), rowOf(second)]
  return refusedTable(
    where,
    `column ${quoted(name)} holds values of several kinds: ${shownValue(values[first])} in row ${rows[0]}, ${shownValue(values[second])} in row ${rows[1]}`,
    'Make them of one kind, or save the value without table().',
    { column: name, rows },
  )
}

function wrongKind(column: ColumnValues, type: ColumnType, allowed: readonly number[]): Error {
  const index = column.values.findIndex(value => kindOf(value) !== 0)
  const wanted = allowed.map(kindName).join(' or ')
  return refusedCell(
    column,
    index,
    `does not fit ${typeText(type)}`,
    wanted === '' ? 'Leave it out, or give the column another type.' : `Give ${wanted}, or give the column another type.`,
  )
}
