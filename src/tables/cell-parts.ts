import type { Cell, IntervalCell, UnionCell } from './arrow-cell.ts'

export const isList = (cell: Cell): cell is readonly Cell[] => Array.isArray(cell)

export const isUnion = (cell: Cell): cell is UnionCell => typeof cell === 'object' && cell !== null && 'field' in cell

export const isInterval = (cell: Cell): cell is IntervalCell => typeof cell === 'object' && cell !== null && 'months' in cell

/** The values inside a list, struct or map; none of anything else. */
export const listOf = (cell: Cell): readonly Cell[] => (isList(cell) ? cell : [])

/** Which field of a union a value is of; of anything else null of the first. */
export const unionOf = (cell: Cell): UnionCell => (isUnion(cell) ? cell : { field: 0, value: null })

/** A whole number, date or time, however wide its column is. */
export const bigOf = (cell: Cell): bigint => (typeof cell === 'bigint' ? cell : BigInt(Number(cell)))
