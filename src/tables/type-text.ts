import type { ColumnField, ColumnType } from './columnar.ts'

/**
 * A type in short, for people and for facts: `int64`, `utf8`, `timestamp[us, UTC]`, `decimal(12,2)`, `list<utf8>`, `struct<a: int64, b: utf8>` …
 * The bits of a decimal are told where they are not the usual 128, the index of a dictionary where it is not int32. Whether a nested field may be null is not told.
 *
 * @example
 * typeText({ kind: 'timestamp', unit: 'us', timezone: 'UTC' }) // 'timestamp[us, UTC]'
 */
export function typeText(type: ColumnType): string {
  switch (type.kind) {
    case 'null':
    case 'bool':
      return type.kind
    case 'int':
      return intText(type)
    case 'float':
      return `float${type.bits}`
    case 'decimal':
      return `decimal${type.bits === 128 ? '' : type.bits}(${type.precision},${type.scale})`
    case 'utf8':
    case 'binary':
      return type.large ? `large_${type.kind}` : type.kind
    case 'fixed-binary':
      return `fixed_binary[${type.bytes}]`
    case 'date':
      return type.unit === 'day' ? 'date' : 'date[ms]'
    case 'time':
    case 'duration':
    case 'interval':
      return `${type.kind}[${type.unit}]`
    case 'timestamp':
      return type.timezone === undefined ? `timestamp[${type.unit}]` : `timestamp[${type.unit}, ${type.timezone}]`
    case 'list':
      return `${type.large ? 'large_' : ''}list<${typeText(type.item.type)}>`
    case 'fixed-list':
      return `fixed_list<${typeText(type.item.type)}>[${type.size}]`
    case 'struct':
      return `struct<${type.fields.map(fieldText).join(', ')}>`
    case 'map':
      return mapText(type.entries.type, type.keysSorted)
    case 'union':
      return `${type.mode}_union<${type.fields.map((field, at) => `${type.typeIds[at]}=${fieldText(field)}`).join(', ')}>`
    case 'dictionary': {
      const index = intText(type.index)
      return `dictionary<${typeText(type.values)}${index === 'int32' ? '' : `, ${index}`}${type.ordered ? ', ordered' : ''}>`
    }
  }
}

function intText({ bits, signed }: { readonly bits: number; readonly signed: boolean }): string {
  return `${signed ? '' : 'u'}int${bits}`
}

function mapText(entries: ColumnType, keysSorted: boolean): string {
  const [key, value] = entries.kind === 'struct' ? entries.fields : []
  return `map<${key ? typeText(key.type) : '?'}, ${value ? typeText(value.type) : '?'}${keysSorted ? ', sorted' : ''}>`
}

/** A name that could be mistaken for something else stands in quotes, as JSON has it. */
function fieldText({ name, type }: ColumnField): string {
  return `${/^[\p{L}_][\p{L}\p{N}_ -]*$/u.test(name) ? name : JSON.stringify(name)}: ${typeText(type)}`
}
