import { WaymarkError } from '../model/errors.ts'
import { type ArrowField, type ArrowType, arrowTypeId as id } from './arrow-shape.ts'
import type { ColumnField, ColumnType, TimeUnit } from './columnar.ts'

/**
 * A field of an Arrow schema as plain data.
 *
 * @throws WaymarkError `unsupported` naming the column and its type
 */
export function fieldOfArrow(field: ArrowField, above = ''): ColumnField {
  const path = above === '' ? field.name : `${above}.${field.name}`
  return {
    name: field.name,
    type: typeOfArrow(field.type, path),
    nullable: field.nullable,
    ...(field.metadata === undefined || field.metadata.size === 0 ? {} : { metadata: new Map(field.metadata) }),
  }
}

function typeOfArrow(type: ArrowType, path: string): ColumnType {
  switch (type.typeId) {
    case id.null:
      return { kind: 'null' }
    case id.bool:
      return { kind: 'bool' }
    case id.int:
      return { kind: 'int', ...integerOf(type, path) }
    case id.float:
      return { kind: 'float', bits: oneOf([16, 32, 64] as const, type.precision, type, path) }
    case id.decimal:
      return decimalOf(type, path)
    case id.utf8:
    case id.largeUtf8:
      return { kind: 'utf8', large: type.typeId === id.largeUtf8 }
    case id.binary:
    case id.largeBinary:
      return { kind: 'binary', large: type.typeId === id.largeBinary }
    case id.fixedBinary:
      return { kind: 'fixed-binary', bytes: type.byteWidth ?? 0 }
    case id.date:
      return { kind: 'date', unit: oneOf(['day', 'ms'] as const, type.unit, type, path) }
    case id.time:
      return { kind: 'time', unit: timeUnit(type, path) }
    case id.timestamp:
      return {
        kind: 'timestamp',
        unit: timeUnit(type, path),
        ...(type.timezone === undefined || type.timezone === null ? {} : { timezone: type.timezone }),
      }
    case id.duration:
      return { kind: 'duration', unit: timeUnit(type, path) }
    case id.interval:
      return { kind: 'interval', unit: oneOf(['year-month', 'day-time', 'month-day-nano'] as const, type.unit, type, path) }
    case id.dictionary:
      return dictionaryOf(type, path)
    default:
      return nestedOf(type, path)
  }
}

function nestedOf(type: ArrowType, path: string): ColumnType {
  const fields = type.children ?? []
  switch (type.typeId) {
    case id.list:
    case id.largeList:
      return { kind: 'list', large: type.typeId === id.largeList, item: onlyField(type, path) }
    case id.fixedList:
      return { kind: 'fixed-list', size: type.listSize ?? 0, item: onlyField(type, path) }
    case id.struct:
      return { kind: 'struct', fields: fields.map(field => fieldOfArrow(field, path)) }
    case id.map:
      return { kind: 'map', keysSorted: type.keysSorted ?? false, entries: onlyField(type, path) }
    case id.union:
      return {
        kind: 'union',
        mode: oneOf(['sparse', 'dense'] as const, type.mode, type, path),
        typeIds: Array.from(type.typeIds ?? fields.keys()),
        fields: fields.map(field => fieldOfArrow(field, path)),
      }
    default:
      throw cannotKeep(type, path)
  }
}

function integerOf(type: ArrowType, path: string): { readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean } {
  const bits = ([8, 16, 32, 64] as const).find(one => one === type.bitWidth)
  if (bits === undefined) throw cannotKeep(type, path)
  return { bits, signed: type.isSigned ?? true }
}

function decimalOf(type: ArrowType, path: string): ColumnType {
  const bits = ([32, 64, 128, 256] as const).find(one => one === (type.bitWidth ?? 128))
  if (bits === undefined) throw cannotKeep(type, path)
  return { kind: 'decimal', bits, precision: type.precision ?? 0, scale: type.scale ?? 0 }
}

function dictionaryOf(type: ArrowType, path: string): ColumnType {
  if (type.indices === undefined || type.dictionary === undefined || type.indices.bitWidth === 64) throw cannotKeep(type, path)
  return {
    kind: 'dictionary',
    index: integerOf(type.indices, path),
    values: typeOfArrow(type.dictionary, path),
    ordered: type.isOrdered ?? false,
    id: type.id ?? 0,
  }
}

function onlyField(type: ArrowType, path: string): ColumnField {
  const [field] = type.children ?? []
  if (field === undefined) throw cannotKeep(type, path)
  return fieldOfArrow(field, path)
}

const timeUnit = (type: ArrowType, path: string): TimeUnit => oneOf(['s', 'ms', 'us', 'ns'] as const, type.unit, type, path)

/** Arrow counts the choices. */
function oneOf<Choice>(choices: readonly Choice[], number: number | undefined, type: ArrowType, path: string): Choice {
  const choice = number === undefined ? undefined : choices[number]
  if (choice === undefined) throw cannotKeep(type, path)
  return choice
}

const cannotKeep = (type: ArrowType, path: string): WaymarkError =>
  new WaymarkError('unsupported', {
    message: `the column ${path} has the Arrow type ${String(type)} (number ${type.typeId}), which Waymark cannot keep exactly`,
    means: 'Nothing was saved.',
    remedy:
      'Cast the column to another type first: views to utf8 or binary, run-end encoded values to plain ones, indices of dictionaries to 32 bits.',
    details: { column: path, typeId: type.typeId },
  })
