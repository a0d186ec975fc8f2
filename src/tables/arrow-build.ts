import type { Data, DataType, Dictionary, Field, RecordBatch, Schema, Table, Vector } from 'apache-arrow'
import { WaymarkError } from '../model/errors.ts'

import type { ArrowLibrary } from './arrow-library.ts'
import type { ColumnarTable, ColumnData, ColumnField, ColumnType, RowBatch, TimeUnit } from './columnar.ts'
import { fixedWidth } from './fixed-width.ts'
import { littleEndianView } from './little-endian-view.ts'

/** Puts Arrow's objects together with the library it is given. Nothing is copied where the alignment allows. */
export class ArrowBuilder {
  readonly #library: ArrowLibrary
  /** Of one id there is one type: the library compares them by identity. */
  readonly #dictionaryTypes = new Map<number, DataType>()
  readonly #dictionaries = new Map<ColumnData, Vector>()

  constructor(library: ArrowLibrary) {
    this.#library = library
  }

  table({ batches, ...columns }: ColumnarTable): Table {
    const schema = this.schema(columns)
    return new this.#library.Table(
      schema,
      batches.map(batch => this.batch(schema, columns.fields, batch)),
    )
  }

  schema({ fields, metadata }: Pick<ColumnarTable, 'fields' | 'metadata'>): Schema {
    return new this.#library.Schema(
      fields.map(field => this.#field(field)),
      new Map(metadata),
    )
  }

  batch(schema: Schema, fields: readonly ColumnField[], { rowCount, columns }: RowBatch): RecordBatch {
    const { Data, RecordBatch, Struct } = this.#library
    const children = columns.map((column, at) => {
      const [field, type] = [fields[at], schema.fields[at]?.type]
      if (field === undefined || type === undefined) throw new RangeError('a batch has more columns than its table')
      return this.#data(field, type, column)
    })
    return new RecordBatch(schema, new Data(new Struct(schema.fields), 0, rowCount, 0, {}, children))
  }

  #field({ name, type, nullable, metadata }: ColumnField): Field {
    return new this.#library.Field(name, this.#type(type), nullable, new Map(metadata))
  }

  #type(type: ColumnType): DataType {
    const library = this.#library
    switch (type.kind) {
      case 'null':
        return new library.Null()
      case 'bool':
        return new library.Bool()
      case 'int':
        return new library.Int(type.signed, type.bits)
      case 'float':
        return new library.Float([16, 32, 64].indexOf(type.bits))
      case 'decimal':
        return new library.Decimal(type.scale, type.precision, type.bits)
      case 'utf8':
        return type.large ? new library.LargeUtf8() : new library.Utf8()
      case 'binary':
        return type.large ? new library.LargeBinary() : new library.Binary()
      case 'fixed-binary':
        return new library.FixedSizeBinary(type.bytes)
      case 'date':
        return type.unit === 'day' ? new library.DateDay() : new library.DateMillisecond()
      case 'time':
        return new library.Time(unitNumber(type.unit), type.unit === 's' || type.unit === 'ms' ? 32 : 64)
      case 'timestamp':
        return new library.Timestamp(unitNumber(type.unit), type.timezone)
      case 'duration':
        return new library.Duration(unitNumber(type.unit))
      case 'interval':
        return new library.Interval(['year-month', 'day-time', 'month-day-nano'].indexOf(type.unit))
      case 'list':
        return type.large ? new library.LargeList(this.#field(type.item)) : new library.List(this.#field(type.item))
      case 'fixed-list':
        return new library.FixedSizeList(type.size, this.#field(type.item))
      case 'struct':
        return new library.Struct(type.fields.map(field => this.#field(field)))
      case 'map':
        return new library.Map_(this.#field(type.entries), type.keysSorted)
      case 'union':
        return new library.Union(
          type.mode === 'sparse' ? 0 : 1,
          [...type.typeIds],
          type.fields.map(field => this.#field(field)),
        )
      case 'dictionary':
        return this.#dictionaryType(type)
    }
  }

  #dictionaryType(type: ColumnType & { readonly kind: 'dictionary' }): DataType {
    const known = this.#dictionaryTypes.get(type.id)
    const values = known ?? this.#type(type.values)
    if (known === undefined) this.#dictionaryTypes.set(type.id, values)
    return new this.#library.Dictionary(values, this.#indexType(type.index), type.id, type.ordered)
  }

  #indexType({ bits, signed }: IntegerKind): TKeys {
    const { Int8, Int16, Int32, Uint8, Uint16, Uint32 } = this.#library
    switch (bits) {
      case 8:
        return signed ? new Int8() : new Uint8()
      case 16:
        return signed ? new Int16() : new Uint16()
      case 32:
        return signed ? new Int32() : new Uint32()
      case 64:
        throw wideIndex()
    }
  }

  #data(field: ColumnField, type: DataType, column: ColumnData): Data {
    const { Data, Vector } = this.#library
    const fields = childFields(field.type)
    const inner = childTypes(type)
    const children = (column.children ?? []).map((child, at) => {
      const [childField, childType] = [fields[at], inner[at]]
      if (childField === undefined || childType === undefined)
        throw new RangeError(`${field.name} has more children than its type`)
      return this.#data(childField, childType, child)
    })
    const data = new Data(type, 0, column.rowCount, column.nullCount, buffersOf(field.type, column), children)
    if (field.type.kind !== 'dictionary' || column.dictionary === undefined) return data
    const known = this.#dictionaries.get(column.dictionary)
    const item = { name: field.name, type: field.type.values, nullable: true }
    const valueType = this.#dictionaryTypes.get(field.type.id)
    if (known === undefined && valueType === undefined) return data
    const dictionary = known ?? new Vector([this.#data(item, valueType ?? type, column.dictionary)])
    this.#dictionaries.set(column.dictionary, dictionary)
    data.dictionary = dictionary
    return data
  }
}

const childTypes = (type: DataType): readonly DataType[] =>
  (Array.isArray(type.children) ? type.children : []).map((field: Field) => field.type)

function childFields(type: ColumnType): readonly ColumnField[] {
  switch (type.kind) {
    case 'list':
    case 'fixed-list':
      return [type.item]
    case 'map':
      return [type.entries]
    case 'struct':
    case 'union':
      return type.fields
    default:
      return []
  }
}

type TKeys = Dictionary['indices']

interface IntegerKind {
  readonly bits: 8 | 16 | 32 | 64
  readonly signed: boolean
}

type Buffers = ConstructorParameters<ArrowLibrary['Data']>[4]

/** By Arrow's numbers of buffers: offsets, values, validity, types. */
function buffersOf(type: ColumnType, { offsets, values, validity, typeIds }: ColumnData): Buffers {
  const large = 'large' in type && type.large
  return {
    ...(offsets === undefined ? {} : { 0: large ? big(offsets) : littleEndianView(Int32Array, offsets) }),
    ...(values === undefined ? {} : { 1: valuesOf(type, values) }),
    ...(validity === undefined ? {} : { 2: validity }),
    ...(typeIds === undefined ? {} : { 3: littleEndianView(Int8Array, typeIds) }),
  }
}

function valuesOf(type: ColumnType, bytes: Uint8Array): ArrayBufferView {
  switch (type.kind) {
    case 'int':
      return integers(bytes, type)
    case 'dictionary':
      return integers(bytes, type.index)
    case 'float':
      return littleEndianView<ArrayBufferView>({ 16: Uint16Array, 32: Float32Array, 64: Float64Array }[type.bits], bytes)
    case 'decimal':
      return littleEndianView(Uint32Array, bytes)
    case 'interval':
      return littleEndianView(Int32Array, bytes)
    case 'date':
    case 'time':
    case 'timestamp':
    case 'duration':
      return fixedWidth(type) === 4 ? littleEndianView(Int32Array, bytes) : big(bytes)
    default:
      return bytes
  }
}

function integers(bytes: Uint8Array, { bits, signed }: IntegerKind): ArrayBufferView {
  if (bits === 64) return signed ? big(bytes) : littleEndianView(BigUint64Array, bytes)
  const signedKinds = { 8: Int8Array, 16: Int16Array, 32: Int32Array } as const
  const unsignedKinds = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array } as const
  return littleEndianView<ArrayBufferView>(signed ? signedKinds[bits] : unsignedKinds[bits], bytes)
}

const big = (bytes: Uint8Array): BigInt64Array => littleEndianView(BigInt64Array, bytes)

const unitNumber = (unit: TimeUnit): number => ['s', 'ms', 'us', 'ns'].indexOf(unit)

const wideIndex = (): WaymarkError =>
  new WaymarkError('unsupported', {
    message: 'apache-arrow has no dictionaries with indices of 64 bits',
    means: 'Nothing was changed.',
    remedy: 'Decode the column, or use indices of 32 bits.',
  })
