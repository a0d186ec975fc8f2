import type { ColumnField, ColumnType } from '../../src/tables/columnar.ts'
import { fixedWidth } from '../../src/tables/fixed-width.ts'
import type { Cell } from './table-building.ts'

interface PortableType {
  readonly name: string
  readonly width?: number
  readonly members?: readonly PortableField[]
}

interface PortableField {
  readonly name: string
  readonly type: PortableType
}

/** A table as JSON, for the implementation of the hash in Python (fixtures/table_hash.py). */
export function portableTable(fields: readonly ColumnField[], rows: readonly (readonly Cell[])[], mask: number) {
  return {
    mask: mask >>> 0,
    fields: fields.map(portableField),
    rows: rows.map(row => row.map((cell, at) => portableCell(fields[at]?.type, cell))),
  }
}

function portableField({ name, type }: ColumnField): PortableField {
  return { name, type: portableType(type) }
}

function portableType(type: ColumnType): PortableType {
  const width = fixedWidth(type)
  switch (type.kind) {
    case 'list':
      return { name: 'list', members: [portableField(type.item)] }
    case 'fixed-list':
      return { name: `fixed_list[${type.size}]`, members: [portableField(type.item)] }
    case 'map':
      return { name: 'map', members: type.entries.type.kind === 'struct' ? type.entries.type.fields.map(portableField) : [] }
    case 'struct':
    case 'union':
      return { name: type.kind, members: type.fields.map(portableField) }
    case 'int':
      return { name: `${type.signed ? '' : 'u'}int${type.bits}`, width: type.bits / 8 }
    case 'float':
      return { name: `float${type.bits}`, width: type.bits / 8 }
    case 'decimal':
      return { name: `decimal${type.bits}(${type.precision},${type.scale})`, width: type.bits / 8 }
    case 'fixed-binary':
      return { name: `fixed_binary[${type.bytes}]`, width: type.bytes }
    case 'date':
      return { name: type.unit === 'day' ? 'date' : 'date[ms]', width: width ?? 0 }
    case 'timestamp':
      return { name: `timestamp[${type.unit}${type.timezone === undefined ? '' : `, ${type.timezone}`}]`, width: 8 }
    case 'time':
    case 'duration':
    case 'interval':
      return { name: `${type.kind}[${type.unit}]`, width: width ?? 0 }
    default:
      return width === undefined ? { name: type.kind } : { name: type.kind, width }
  }
}

function portableCell(type: ColumnType | undefined, cell: Cell): unknown {
  if (cell === null || typeof cell !== 'object') return cell
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('hex')
  if ('member' in cell) {
    const member = type?.kind === 'union' ? type.fields[cell.member]?.type : undefined
    return [cell.member, portableCell(member, cell.value)]
  }
  return cell.map((item, at) => portableCell(memberType(type, at), item))
}

function memberType(type: ColumnType | undefined, at: number): ColumnType | undefined {
  if (type?.kind === 'struct') return type.fields[at]?.type
  if (type?.kind === 'map') return type.entries.type
  return type?.kind === 'list' || type?.kind === 'fixed-list' ? type.item.type : undefined
}
