import { alwaysChecked, checkedEvery } from './check-cells.ts'
import { presentUndefined, type ShapeIds } from './column-plan.ts'
import { quoted, refusedTable, shownValue } from './refused-table.ts'

/** Where there are more values, there or missing, objects must not be nearly empty: each missing one takes some bytes. */
const mostSparseCells = 8 * 1024 * 1024
/** One key in so many must be there, in the objects that have any. */
const sparsest = 256
/** Of many objects one in so many is looked at, to tell how many keys they have. */
const countedEvery = 31

export interface GatheredObjects {
  /** For each name the values of all objects: undefined where the key is missing. */
  readonly columns: readonly unknown[][]
  /** Undefined where all have the first shape. */
  readonly shapeIds: Uint32Array | undefined
}

/** The orders of keys that objects have, and the columns that their values are. */
export class ObjectShapes {
  /** In the order of their first appearance, or as the schema says. */
  readonly names: string[]
  readonly shapes: number[][] = []
  readonly #isClosed: boolean
  readonly #where: string
  readonly #what: string
  readonly #rowOf: (index: number) => number
  readonly #indexes = new Map<string, number>()
  readonly #shapeByKeys = new Map<string, number>()
  readonly #namesOfShape: (readonly string[])[] = []

  /**
   * @param given the only keys there may be; undefined: whatever the objects have
   * @param what the objects are, for messages: `row`, or `column "place" in row`
   * @param rowOf the row of an object, for messages
   */
  constructor(
    given: readonly string[] | undefined,
    where: string,
    what: string,
    rowOf: (index: number) => number = index => index,
  ) {
    this.names = [...(given ?? [])]
    this.#isClosed = given !== undefined
    this.#where = where
    this.#what = what
    this.#rowOf = rowOf
    for (const [index, name] of this.names.entries()) this.#indexes.set(name, index)
  }

  /**
   * Takes the objects among the values from `from` to `to` apart. Others than objects are no objects: null and what is missing.
   *
   * @param used columns of before that nobody reads any more: to fill them again, where all values are objects of one shape, spares making them
   */
  gather(values: readonly unknown[], from: number, to: number, used?: readonly unknown[][]): GatheredObjects {
    const count = to - from
    let mostNames = this.#checkSparse(values, from, to, mostSparseCells / count)
    const isReused = used !== undefined && used.length === this.names.length && used[0]?.length === count
    const columns: unknown[][] = isReused ? [...used] : this.names.map(() => new Array(count))
    const isExact = forInIsExact()
    let shapeIds: Uint32Array | undefined
    let current = 0
    let expected = this.#namesOfShape[0] ?? []
    let places = this.shapes[0] ?? []
    if (isReused && places.length < columns.length) return this.gather(values, from, to)
    for (let index = 0; index < count; index++) {
      const object = values[from + index]
      if (typeof object !== 'object' || object === null) continue
      if (index < alwaysChecked || index % checkedEvery === 0)
        checkProperties(object, this.#rowOf(from + index), this.#where, this.#what)
      // Any object can be read by any key; TypeScript has no other way to say so.
      const record = object as Readonly<Record<string, unknown>>
      let matched = 0
      let fits = isExact && this.shapes.length > 0
      if (fits) {
        for (const name in record) {
          if (expected[matched] !== name) {
            fits = false
            break
          }
          const value = record[name]
          const column = columns[places[matched] ?? 0]
          if (column !== undefined) column[index] = value === undefined ? presentUndefined : value
          matched++
        }
        fits = fits && matched === expected.length
      }
      if (!fits) {
        if (isReused) return this.gather(values, from, to)
        for (let key = 0; key < matched; key++) {
          const column = columns[places[key] ?? 0]
          if (column !== undefined) column[index] = undefined
        }
        current = this.#shapeOf(record, this.#rowOf(from + index))
        expected = this.#namesOfShape[current] ?? []
        places = this.shapes[current] ?? []
        mostNames = this.#checkSparse(values, from, to, mostNames)
        while (columns.length < this.names.length) columns.push(new Array(count))
        for (let key = 0; key < places.length; key++) {
          const value = record[expected[key] ?? '']
          const column = columns[places[key] ?? 0]
          if (column !== undefined) column[index] = value === undefined ? presentUndefined : value
        }
      }
      if (current !== 0) shapeIds ??= new Uint32Array(count)
      if (shapeIds !== undefined) shapeIds[index] = current
    }
    return { columns, shapeIds }
  }

  /** Refuses objects that nearly all have keys of their own. A schema says that its columns are meant. Returns with how many names to look again. */
  #checkSparse(values: readonly unknown[], from: number, to: number, mostNames: number): number {
    if (this.#isClosed || this.names.length <= mostNames) return mostNames
    const step = to - from > 1_000 ? countedEvery : 1
    let present = 0
    let objects = 0
    for (let index = from; index < to; index += step) {
      const value = values[index]
      const keys = typeof value === 'object' && value !== null ? Object.keys(value).length : 0
      present += keys
      if (keys > 0) objects++
    }
    if (present * sparsest >= objects * this.names.length) return this.names.length * 2
    throw refusedTable(
      this.#where,
      `the ${to - from} objects from ${this.#what} ${this.#rowOf(from)} on have ${this.names.length} keys and more between them, and nearly all keys are missing in nearly all of them`,
      'Give a row for each value, with its key in a column ({ id, key, value }); or save the rows without table().',
      { rows: [from, to - 1], columns: this.names.length },
    )
  }

  #shapeOf(object: object, row: number): number {
    const names = Object.keys(object)
    const places = names.map(name => this.#indexOf(name, row))
    const key = places.join()
    const known = this.#shapeByKeys.get(key)
    if (known !== undefined) return known
    const shape = this.shapes.length
    this.shapes.push(places)
    this.#namesOfShape.push(names)
    this.#shapeByKeys.set(key, shape)
    return shape
  }

  #indexOf(name: string, row: number): number {
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    if (this.#isClosed)
      throw refusedTable(
        this.#where,
        `${this.#what} ${row} has a key ${quoted(name)} that is not in the schema`,
        'Add it to the schema, or leave it out of the rows.',
        { row, column: name },
      )
    if (!name.isWellFormed())
      throw refusedTable(this.#where, `${this.#what} ${row} has a key that is no valid text`, 'Give the key another name.', {
        row,
      })
    const index = this.names.length
    this.names.push(name)
    this.#indexes.set(name, index)
    return index
  }
}

/** Refuses what no column can hold: accessors, and keys that are symbols. */
export function checkProperties(object: object, row: number, where: string, what: string): void {
  for (const name of Object.keys(object)) {
    const property = Object.getOwnPropertyDescriptor(object, name)
    if (property !== undefined && 'value' in property) continue
    throw unstorable(row, `an accessor (get or set) ${quoted(name)}`, where, what)
  }
  for (const symbol of Object.getOwnPropertySymbols(object))
    if (Object.prototype.propertyIsEnumerable.call(object, symbol))
      throw unstorable(row, `the key ${String(symbol)}`, where, what)
}

const unstorable = (row: number, has: string, where: string, what: string): Error =>
  refusedTable(where, `${what} ${row} has ${has}, which would be lost`, 'Store plain properties with texts as keys.', { row })

/** Rows must be objects without a class. */
export function plainRow(row: unknown, index: number, where: string): object {
  if (typeof row === 'object' && row !== null && Object.getPrototypeOf(row) === Object.prototype) return row
  throw refusedTable(
    where,
    `row ${index} is ${shownValue(row)}, and rows are plain objects`,
    'Give an array of plain objects, { column: value, … }, or an Arrow table.',
    { row: index },
  )
}

/** In as few bytes as the shapes allow. */
export function packedShapeIds(ids: Uint32Array, shapeCount: number): ShapeIds {
  if (shapeCount <= 0x100) return Uint8Array.from(ids)
  return shapeCount <= 0x1_0000 ? Uint16Array.from(ids) : ids
}

/** Somebody may have given all objects an enumerable property. */
function forInIsExact(): boolean {
  for (const _name in {}) return false
  return true
}
