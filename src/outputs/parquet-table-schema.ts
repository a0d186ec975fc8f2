import type { SchemaElement } from 'hyparquet'
import { WaymarkError } from '../model/errors.ts'
import type { Cell } from '../tables/arrow-cell.ts'
import { listOf } from '../tables/cell-parts.ts'
import type { ColumnField, ColumnType, TimeUnit } from '../tables/columnar.ts'
import { typeText } from '../tables/type-text.ts'

/** A column as Parquet has it. */
export interface ParquetField {
  /** Its own element, and those inside it. */
  readonly elements: readonly SchemaElement[]
  /** What the writer is given for a value. */
  readonly give: (cell: Cell) => unknown
  /** The smallest and largest values can be told in the file's statistics. */
  readonly ordered: boolean
}

/** @throws WaymarkError `unsupported` naming the column and what Parquet has no form for */
export function parquetField(field: ColumnField, path = field.name): ParquetField {
  mustBeImportable(field.name, path)
  const { elements, give, ordered } = fieldOf(field.type, path)
  const [first, ...inside] = elements
  const nullable = (cell: Cell): unknown => (cell === null ? null : give(cell))
  return { elements: [{ ...first, name: field.name, repetition_type: 'OPTIONAL' }, ...inside], give: nullable, ordered }
}

type Made = ParquetField & { readonly elements: readonly [SchemaElement, ...SchemaElement[]] }

const made = (element: Omit<SchemaElement, 'name'>, give: (cell: Cell) => unknown = cell => cell, ordered = false): Made => ({
  elements: [{ name: '', ...element }],
  give,
  ordered,
})

function fieldOf(type: ColumnType, path: string): Made {
  switch (type.kind) {
    case 'null':
      return made({ type: 'INT32', logical_type: { type: 'NULL' } })
    case 'bool':
      return made({ type: 'BOOLEAN' })
    case 'int':
      return integer(type)
    case 'float':
      if (type.bits === 16) return made({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: 2, logical_type: { type: 'FLOAT16' } })
      return made({ type: type.bits === 32 ? 'FLOAT' : 'DOUBLE' })
    case 'decimal':
      return decimal(type, path)
    case 'utf8':
      return made({ type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } })
    case 'binary':
      return made({ type: 'BYTE_ARRAY' })
    case 'fixed-binary':
      if (type.bytes === 0) throw noForm(type, path, 'byte strings of no length')
      return made({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: type.bytes })
    case 'date':
      return date(type, path)
    case 'time':
      return time(type.unit)
    case 'timestamp':
      return timestamp(type, path)
    case 'duration':
      throw noForm(type, path, 'lengths of time')
    case 'interval':
      throw noForm(type, path, 'spans of time')
    case 'union':
      throw noForm(type, path, 'unions')
    case 'dictionary':
      return fieldOf(type.values, path)
    default:
      return nested(type, path)
  }
}

function nested(type: ColumnType & { readonly kind: 'list' | 'fixed-list' | 'map' | 'struct' }, path: string): Made {
  switch (type.kind) {
    case 'list':
    case 'fixed-list': {
      const item = parquetField({ ...type.item, name: 'element' }, `${path}.${type.item.name}`)
      const outer: SchemaElement = { name: '', num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } }
      const list: SchemaElement = { name: 'list', repetition_type: 'REPEATED', num_children: 1 }
      return { elements: [outer, list, ...item.elements], give: cell => listOf(cell).map(item.give), ordered: false }
    }
    case 'map': {
      const [key, value] = type.entries.type.kind === 'struct' ? type.entries.type.fields : []
      if (key === undefined || value === undefined) throw noForm(type, path, 'maps of other than keys and values')
      const keys = parquetField({ ...key, name: 'key' }, `${path}.key`)
      const values = parquetField({ ...value, name: 'value' }, `${path}.value`)
      const [keyElement, ...insideKey] = keys.elements
      if (keyElement === undefined) throw noForm(type, path, 'such keys')
      const outer: SchemaElement = { name: '', num_children: 1, converted_type: 'MAP', logical_type: { type: 'MAP' } }
      const entry: SchemaElement = { name: 'key_value', repetition_type: 'REPEATED', num_children: 2 }
      return {
        elements: [outer, entry, { ...keyElement, repetition_type: 'REQUIRED' }, ...insideKey, ...values.elements],
        give: cell =>
          listOf(cell).map(pair => {
            const [name = null, part = null] = listOf(pair)
            return { key: keys.give(name), value: values.give(part) }
          }),
        ordered: false,
      }
    }
    case 'struct': {
      if (type.fields.length === 0) throw noForm(type, path, 'structs without fields')
      const names = type.fields.map(field => field.name)
      mustDiffer(names, path)
      const fields = type.fields.map(field => parquetField(field, `${path}.${field.name}`))
      const outer: SchemaElement = { name: '', num_children: fields.length }
      return {
        elements: [outer, ...fields.flatMap(({ elements }) => elements)],
        give: cell => {
          const cells = listOf(cell)
          const object: Record<string, unknown> = Object.create(null)
          for (const [at, name] of names.entries()) object[name] = fields[at]?.give(cells[at] ?? null)
          return object
        },
        ordered: false,
      }
    }
  }
}

/** @throws WaymarkError `unsupported`: Parquet finds columns by name */
export function mustDiffer(names: readonly string[], path: string): void {
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice === undefined) return
  const where = path === '' ? 'the table' : `the column ${path}`
  throw unsupported(`${where} has two columns named ${twice}, and Parquet finds columns by name`, path)
}

/** @throws WaymarkError `unsupported` for a name that a later import refuses: objects cannot have it safely */
export function mustBeImportable(name: string, path: string): void {
  if (name === '__proto__') throw unsupported(`the column ${path} has a name that an import of such a file refuses`, path)
}

function integer({ bits, signed }: { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }): Made {
  const type = bits === 64 ? 'INT64' : 'INT32'
  if (signed && bits >= 32) return made({ type }, undefined, true)
  const converted = `${signed ? 'INT' : 'UINT'}_${bits}` as const
  // Without the logical type, whose width the writer writes as a number of another size than readers expect.
  return made({ type, converted_type: converted })
}

function decimal(type: ColumnType & { readonly kind: 'decimal' }, path: string): Made {
  const { precision, scale, bits } = type
  if (scale < 0 || scale > precision) throw noForm(type, path, 'such scales of decimals')
  const logical = {
    precision,
    scale,
    converted_type: 'DECIMAL',
    logical_type: { type: 'DECIMAL', precision, scale },
  } as const
  const most = 10n ** BigInt(precision)
  const give = (cell: Cell): unknown => {
    if (typeof cell === 'bigint' && cell < most && cell > -most) return cell
    throw unsupported(`the column ${path} holds a decimal of more than its ${precision} digits`, path)
  }
  if (precision <= 18) return made({ type: 'INT64', ...logical }, give)
  return made({ type: 'FIXED_LEN_BYTE_ARRAY', type_length: bits === 256 ? 32 : 16, ...logical }, give)
}

const dayMs = 86_400_000n

function date(type: ColumnType & { readonly kind: 'date' }, path: string): Made {
  const element = { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } } as const
  if (type.unit === 'day') return made(element, undefined, true)
  return made(element, cell => {
    if (typeof cell !== 'bigint' || cell % dayMs !== 0n)
      throw unsupported(`the column ${path} holds a date that is no whole day`, path)
    return Number(cell / dayMs)
  })
}

const unitNames = { s: 'MILLIS', ms: 'MILLIS', us: 'MICROS', ns: 'NANOS' } as const

function time(unit: TimeUnit): Made {
  const logical_type = { type: 'TIME', isAdjustedToUTC: false, unit: unitNames[unit] } as const
  if (unit === 's') return made({ type: 'INT32', logical_type }, cell => Number(cell) * 1000)
  return made({ type: unit === 'ms' ? 'INT32' : 'INT64', logical_type })
}

function timestamp(type: ColumnType & { readonly kind: 'timestamp' }, path: string): Made {
  const { unit, timezone } = type
  const logical_type = { type: 'TIMESTAMP', isAdjustedToUTC: timezone !== undefined, unit: unitNames[unit] } as const
  if (unit !== 's') return made({ type: 'INT64', logical_type }, undefined, true)
  return made(
    { type: 'INT64', logical_type },
    cell => {
      const ms = typeof cell === 'bigint' ? cell * 1000n : 0n
      if (BigInt.asIntN(64, ms) !== ms)
        throw unsupported(`the column ${path} holds a time beyond what Parquet can hold in milliseconds`, path)
      return ms
    },
    true,
  )
}

const noForm = (type: ColumnType, path: string, what: string): WaymarkError =>
  unsupported(`the column ${path} is of type ${typeText(type)}, and Parquet has no form for ${what}`, path)

export const unsupported = (message: string, column: string): WaymarkError =>
  new WaymarkError('unsupported', {
    message,
    means: 'No file was written; the store was not changed.',
    remedy: 'Export it as arrow, which holds every type, or cast the column and save the table again.',
    details: column === '' ? {} : { column },
  })
