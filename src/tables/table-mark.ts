import type { TableSchema } from './table-schema.ts'

/** What the user said of something that is to be kept as a table. */
export interface TableMark {
  readonly schema: TableSchema | undefined
  /** Of the columns that the schema names, where an object cannot have it: it has names of whole numbers before others. */
  readonly order?: readonly string[]
}

const marks = new WeakMap<object, TableMark>()
let anyMarked = false

/** Cheap where no table was ever marked: encoders ask for every array. */
export function tableMarkOf(value: object): TableMark | undefined {
  return anyMarked ? marks.get(value) : undefined
}

export function markTable(value: object, mark: TableMark): void {
  anyMarked = true
  marks.set(value, mark)
}
