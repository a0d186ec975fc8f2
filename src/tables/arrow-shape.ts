/** What is used of an Arrow table, whichever copy or version of the package made it. */
export interface ArrowTable {
  readonly schema: ArrowSchema
  readonly batches: readonly ArrowBatch[]
}

export interface ArrowSchema {
  readonly fields: readonly ArrowField[]
  readonly metadata?: ReadonlyMap<string, string>
}

export interface ArrowField {
  readonly name: string
  readonly type: ArrowType
  readonly nullable: boolean
  readonly metadata?: ReadonlyMap<string, string>
}

/** The class of a type by number, and what is said of it beside. */
export interface ArrowType {
  readonly typeId: number
  readonly bitWidth?: number
  readonly isSigned?: boolean
  readonly precision?: number
  readonly scale?: number
  readonly unit?: number
  readonly timezone?: string | null
  readonly byteWidth?: number
  readonly listSize?: number
  readonly keysSorted?: boolean
  readonly mode?: number
  readonly typeIds?: ArrayLike<number>
  readonly children?: readonly ArrowField[] | null
  readonly id?: number
  readonly indices?: ArrowType
  readonly dictionary?: ArrowType
  readonly isOrdered?: boolean
}

export interface ArrowBatch {
  readonly data: ArrowData
}

export interface ArrowData {
  readonly type: ArrowType
  readonly length: number
  /** In bits, of `nullBitmap` and of values of booleans; the other buffers begin at row 0. */
  readonly offset: number
  readonly nullCount: number
  readonly nullBitmap?: Uint8Array | null
  readonly values?: ArrayBufferView | null
  readonly valueOffsets?: Int32Array | BigInt64Array | null
  readonly typeIds?: ArrayLike<number> | null
  readonly children: readonly ArrowData[]
  readonly dictionary?: { readonly data: readonly ArrowData[] } | null
}

/** The numbers of the classes of types, the same in all versions. */
export const arrowTypeId = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  union: 14,
  fixedBinary: 15,
  fixedList: 16,
  map: 17,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  runEndEncoded: 22,
  binaryView: 23,
  utf8View: 24,
  dictionary: -1,
} as const

/** Whether it looks like a table of `apache-arrow`; loads no library. */
export function isArrowShape(value: object): value is ArrowTable {
  if (!('schema' in value) || !('batches' in value) || !Array.isArray(value.batches)) return false
  const { schema, batches } = value
  if (typeof schema !== 'object' || schema === null || !('fields' in schema) || !Array.isArray(schema.fields)) return false
  return schema.fields.every(isField) && batches.every(isBatch)
}

/** Whether it looks like a RecordBatch of `apache-arrow`. */
export function isArrowBatchShape(value: object): value is ArrowBatch & { readonly schema: ArrowSchema } {
  if (!('schema' in value) || !isBatch(value)) return false
  const { schema } = value
  return isObject(schema) && 'fields' in schema && Array.isArray(schema.fields) && schema.fields.every(isField)
}

const isField = (field: unknown): boolean =>
  isObject(field) && 'name' in field && 'type' in field && isObject(field.type) && 'typeId' in field.type

const isBatch = (batch: unknown): boolean =>
  isObject(batch) && 'data' in batch && isObject(batch.data) && 'length' in batch.data && 'children' in batch.data

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
