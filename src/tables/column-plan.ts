import type { ColumnType } from './columnar.ts'

/** What the values of a column are in JavaScript. */
export type ValueForm = 'none' | 'boolean' | 'number' | 'bigint' | 'text' | 'date' | 'bytes' | 'buffer' | 'list' | 'object'

/** How the values of a column of rows become bytes, and back: the same for all of its batches. */
export interface ColumnPlan {
  readonly name: string
  readonly type: ColumnType
  readonly form: ValueForm
  /** Of objects: which of its children the keys of an object are, in their order, for each order that there is. */
  readonly shapes?: readonly (readonly number[])[]
  /** Of a list its items, of an object its keys, of a dictionary its values. */
  readonly children: readonly ColumnPlan[]
}

/** What the columns of a batch do not tell of its values; left out where it goes without saying. */
export interface ColumnSide {
  /** A bit a value: 1 is undefined, where the column has no value. */
  readonly undefineds?: Uint8Array
  /** Of objects: the number of the shape of each. Left out where all have the first. */
  readonly shapeIds?: ShapeIds
  readonly children?: readonly (ColumnSide | null)[]
}

export type ShapeIds = Uint8Array | Uint16Array | Uint32Array

/** Stands for a key that is there and undefined, while values are gathered; where a key is missing there is undefined. */
export const presentUndefined: unique symbol = Symbol('undefined')

/** One field of a cell, or its items, in messages. */
export const innerName = (outer: string, inner: string): string => (outer === '' ? inner : `${outer}.${inner}`)

/** What a row holds under a key, as it is gathered. */
export function valueIn(row: unknown, name: string): unknown {
  if (typeof row !== 'object' || row === null || !Object.hasOwn(row, name)) return undefined
  const value: unknown = Reflect.get(row, name)
  return value === undefined ? presentUndefined : value
}
