import type { ColumnField, ColumnType } from './columnar.ts'
import { countIn, DamagedTable, flagIn, listIn, type Members, membersIn, oneOf, textIn } from './damaged-table.ts'

const bitsOfInt = [8, 16, 32, 64] as const
const units = ['s', 'ms', 'us', 'ns'] as const
/** What a decimal of so many bits holds. */
const mostDigits = { 32: 9, 64: 18, 128: 38, 256: 76 } as const
const mostTypeIds = 128

export function readField(stored: unknown): ColumnField {
  const { name, type, nullable, metadata } = membersIn(stored, 'a column')
  return {
    name: textIn(name, 'a name of a column'),
    type: readType(type),
    nullable: flagIn(nullable, 'a mark of a column'),
    ...readMetadata(metadata),
  }
}

export function readMetadata(stored: unknown): { readonly metadata?: ReadonlyMap<string, string> } {
  if (stored === undefined) return {}
  if (!(stored instanceof Map)) throw new DamagedTable('metadata that is no Map')
  const metadata = new Map<string, string>()
  for (const [key, value] of stored) metadata.set(textIn(key, 'a key of metadata'), textIn(value, 'a value of metadata'))
  return { metadata }
}

/** @throws DamagedTable */
export function readType(stored: unknown): ColumnType {
  const type = membersIn(stored, 'a type')
  const { kind } = type
  switch (kind) {
    case 'null':
    case 'bool':
      return { kind }
    case 'int':
      return { kind, ...readInt(type) }
    case 'float':
      return { kind, bits: oneOf(type['bits'], [16, 32, 64], 'bits of a float') }
    case 'decimal':
      return readDecimal(type)
    case 'utf8':
    case 'binary':
      return { kind, large: flagIn(type['large'], 'a mark of a type') }
    case 'fixed-binary':
      return { kind, bytes: countIn(type['bytes'], 'bytes of a type') }
    case 'date':
      return { kind, unit: oneOf(type['unit'], ['day', 'ms'], 'a unit') }
    case 'time':
    case 'duration':
      return { kind, unit: oneOf(type['unit'], units, 'a unit') }
    case 'timestamp': {
      const { timezone } = type
      const unit = oneOf(type['unit'], units, 'a unit')
      return { kind, unit, ...(timezone === undefined ? {} : { timezone: textIn(timezone, 'a time zone') }) }
    }
    case 'interval':
      return { kind, unit: oneOf(type['unit'], ['year-month', 'day-time', 'month-day-nano'], 'a unit') }
    default:
      return readNested(type)
  }
}

function readInt(type: Members): { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean } {
  return { bits: oneOf(type['bits'], bitsOfInt, 'bits of an integer'), signed: flagIn(type['signed'], 'a mark of a type') }
}

function readDecimal({ bits: stored, precision, scale }: Members): ColumnType {
  const bits = oneOf(stored, [32, 64, 128, 256], 'bits of a decimal')
  const digits = countIn(precision, 'digits of a decimal')
  if (digits > mostDigits[bits] || typeof scale !== 'number' || !Number.isInteger(scale) || Math.abs(scale) > 1_000)
    throw new DamagedTable('a decimal that there is not')
  return { kind: 'decimal', bits, precision: digits, scale }
}

function readNested(type: Members): ColumnType {
  switch (type['kind']) {
    case 'list':
      return { kind: 'list', large: flagIn(type['large'], 'a mark of a type'), item: readField(type['item']) }
    case 'fixed-list':
      return { kind: 'fixed-list', size: countIn(type['size'], 'items of a list'), item: readField(type['item']) }
    case 'struct':
      return { kind: 'struct', fields: listIn(type['fields'], 'fields').map(readField) }
    case 'map': {
      const entries = readField(type['entries'])
      if (entries.type.kind !== 'struct' || entries.type.fields.length !== 2)
        throw new DamagedTable('a map without keys and values')
      return { kind: 'map', keysSorted: flagIn(type['keysSorted'], 'a mark of a type'), entries }
    }
    case 'union': {
      const fields = listIn(type['fields'], 'fields').map(readField)
      const typeIds = listIn(type['typeIds'], 'members of a union').map(id => countIn(id, 'a member of a union'))
      if (typeIds.length !== fields.length || new Set(typeIds).size !== fields.length || typeIds.some(id => id >= mostTypeIds))
        throw new DamagedTable('a union of members that there cannot be')
      return { kind: 'union', mode: oneOf(type['mode'], ['sparse', 'dense'], 'a kind of union'), typeIds, fields }
    }
    case 'dictionary': {
      const { values, ordered, id, index } = type
      return {
        kind: 'dictionary',
        index: readInt(membersIn(index, 'an index')),
        values: readType(values),
        ordered: flagIn(ordered, 'a mark of a type'),
        id: readId(id),
      }
    }
    default:
      throw new DamagedTable('a type that there is not')
  }
}

/** Any number: Arrow gives them out. */
function readId(id: unknown): number {
  if (typeof id === 'number' && Number.isSafeInteger(id)) return id
  throw new DamagedTable('a dictionary without a number')
}
