import { ByteSink } from './byte-sink.ts'
import type { ColumnarTable, ColumnField, ColumnType } from './columnar.ts'
import { typeText } from './type-text.ts'

const encoder = new TextEncoder()
/** Changes with any change of the definition. */
const magic = encoder.encode('wmktbl1\0')

/** What is hashed before the columns: how many rows, and the columns' names and types (docs/table-hash.md). */
export function hashHeader({ fields, rowCount }: ColumnarTable): Uint8Array {
  const sink = new ByteSink()
  sink.copy(magic, 0, magic.length)
  sink.word(rowCount)
  sink.word(Math.floor(rowCount / 2 ** 32))
  sink.word(fields.length)
  for (const { name, type } of fields) addField(sink, name, type)
  while (sink.length % 8 !== 0) sink.byte(0)
  return sink.written()
}

function addField(sink: ByteSink, name: string, type: ColumnType): void {
  addText(sink, name)
  addType(sink, type)
}

/** A type is its name and its members, of which only those of structs and unions have names that mean something. */
function addType(sink: ByteSink, type: ColumnType): void {
  if (type.kind === 'dictionary') return addType(sink, type.values)
  const members = membersOf(type)
  addText(sink, nameOf(type))
  sink.word(members.length)
  for (const { name, type: member } of members) addField(sink, name, member)
}

function addText(sink: ByteSink, text: string): void {
  if (isAscii(text)) {
    sink.word(text.length)
    for (let at = 0; at < text.length; at++) sink.byte(text.charCodeAt(at))
    return
  }
  const bytes = encoder.encode(text)
  sink.word(bytes.length)
  sink.copy(bytes, 0, bytes.length)
}

/** As nearly all names are: to call the encoder for each cost a small table as much as the sorting of its rows. */
function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false
  return true
}

function nameOf(type: ColumnType): string {
  switch (type.kind) {
    case 'utf8':
    case 'binary':
    case 'list':
    case 'struct':
    case 'map':
    case 'union':
      return type.kind
    case 'fixed-list':
      return `fixed_list[${type.size}]`
    case 'decimal':
      return `decimal${type.bits}(${type.precision},${type.scale})`
    default:
      return typeText(type)
  }
}

function membersOf(type: ColumnType): readonly ColumnField[] {
  switch (type.kind) {
    case 'list':
    case 'fixed-list':
      return [unnamed(type.item)]
    case 'map':
      return type.entries.type.kind === 'struct' ? type.entries.type.fields.map(unnamed) : []
    case 'struct':
    case 'union':
      return type.fields
    default:
      return []
  }
}

function unnamed(field: ColumnField): ColumnField {
  return { ...field, name: '' }
}
