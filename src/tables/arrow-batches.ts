import type { WaymarkError } from '../model/errors.ts'
import { ArrowDataTaker } from './arrow-data.ts'
import { type ArrowBatch, type ArrowSchema, isArrowBatchShape, isArrowShape } from './arrow-shape.ts'
import { fieldOfArrow } from './arrow-type.ts'
import type { ColumnData, ColumnField, RowBatch } from './columnar.ts'
import { refusedTable } from './refused-table.ts'
import { schemaOfArrow } from './table-refusals.ts'

/** Whether it looks like a RecordBatch or a Table of `apache-arrow`. */
export const isArrowBatch = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && (isArrowBatchShape(value) || isArrowShape(value))

/** The batches of an Arrow table that come one by one; their schema is that of the first. */
export class ArrowBatches {
  readonly #taker = new ArrowDataTaker()
  readonly #dictionaries = new Map<ColumnData, ColumnData>()
  #fields: readonly ColumnField[] | undefined
  #fieldsText = ''
  #metadata: ReadonlyMap<string, string> | undefined

  /** @param hasSchema whether the user gave a schema, which is refused */
  constructor(hasSchema: boolean) {
    if (hasSchema) throw schemaOfArrow()
  }

  get fields(): readonly ColumnField[] {
    return this.#fields ?? []
  }

  get metadata(): ReadonlyMap<string, string> | undefined {
    return this.#metadata
  }

  /**
   * The rows of a RecordBatch, or those of a Table, in memory of their own.
   *
   * @param index how many came before it
   * @throws WaymarkError `invalid` for anything else and for other columns than those of the first, `unsupported` for a type that cannot be kept
   */
  add(given: unknown, index: number): readonly RowBatch[] {
    if (!isArrowBatch(given)) throw notABatch(index)
    const fields = this.#fieldsOf(given, index)
    const batches: readonly ArrowBatch[] = isArrowShape(given) ? given.batches : isArrowBatchShape(given) ? [given] : []
    return batches
      .filter(({ data }) => data.length > 0)
      .map(({ data }) => ({
        rowCount: data.length,
        columns: fields.map((field, at) => {
          const child = data.children[at]
          if (child === undefined) throw new RangeError(`a batch lacks the column ${field.name}`)
          return this.#own(this.#taker.column(field, [{ data: child, from: 0, to: data.length }]))
        }),
      }))
  }

  #fieldsOf(given: object, index: number): readonly ColumnField[] {
    const schema: ArrowSchema | undefined = isArrowShape(given) || isArrowBatchShape(given) ? given.schema : undefined
    const fields = schema?.fields.map(field => fieldOfArrow(field)) ?? []
    // A dictionary has another id in each table that is made by itself.
    const text = JSON.stringify(fields, (key, value: unknown) =>
      key === 'id' ? undefined : value instanceof Map ? [...value] : value,
    )
    if (this.#fields === undefined) {
      this.#fields = fields
      this.#fieldsText = text
      const metadata = schema?.metadata
      if (metadata !== undefined && metadata.size > 0) this.#metadata = new Map(metadata)
    } else if (text !== this.#fieldsText) throw otherColumns(index)
    return this.#fields
  }

  /** Who gives the batches may use their memory again. */
  #own(column: ColumnData): ColumnData {
    const { validity, offsets, values, typeIds, children, dictionary } = column
    return {
      ...column,
      ...(validity === undefined ? {} : { validity: new Uint8Array(validity) }),
      ...(offsets === undefined ? {} : { offsets: new Uint8Array(offsets) }),
      ...(values === undefined ? {} : { values: new Uint8Array(values) }),
      ...(typeIds === undefined ? {} : { typeIds: new Uint8Array(typeIds) }),
      ...(children === undefined ? {} : { children: children.map(child => this.#own(child)) }),
      ...(dictionary === undefined ? {} : { dictionary: this.#ownDictionary(dictionary) }),
    }
  }

  #ownDictionary(dictionary: ColumnData): ColumnData {
    const own = this.#dictionaries.get(dictionary) ?? this.#own(dictionary)
    this.#dictionaries.set(dictionary, own)
    return own
  }
}

const notABatch = (index: number): WaymarkError =>
  refusedTable('', `what came after ${index} batches of Arrow is none`, 'Give batches of Arrow alone, or rows alone.', {
    batch: index,
  })

const otherColumns = (index: number): WaymarkError =>
  refusedTable('', `batch ${index} has other columns than the first`, 'Give batches of one schema.', { batch: index })
