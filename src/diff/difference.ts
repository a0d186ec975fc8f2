import type { ValueStep } from '../model/value-step.ts'

/**
 * One thing in which two values differ. `before` is in the first value, `after` in the second; a place is where it is in the value it is in, so that the index of an array element can be another
 * in each. Together all differences of two values say how to make the second of the first: of each array, what was removed, added and moved; what is left keeps its order, and fills the places that are left.
 * Values are those of the two sides themselves, not copies.
 */
export type Difference = Added | Removed | Changed | Moved

/** Only in the second value. */
export interface Added {
  readonly kind: 'added'
  readonly path: string
  /** The same path as steps, in the second value. */
  readonly steps: readonly ValueStep[]
  readonly after: unknown
}

/** Only in the first value. */
export interface Removed {
  readonly kind: 'removed'
  readonly path: string
  /** The same path as steps, in the first value. */
  readonly steps: readonly ValueStep[]
  readonly before: unknown
}

/** In both, and not the same: a value that is no container, one whose kind changed, or bytes. */
export interface Changed {
  readonly kind: 'changed'
  readonly path: string
  /** In the second value. */
  readonly steps: readonly ValueStep[]
  /** In the first value; the same as `steps` unless an array in between has elements at other places. */
  readonly stepsBefore: readonly ValueStep[]
  readonly before: unknown
  readonly after: unknown
}

/** An array element, known by its key, that stands at another place among those that are in both. Whether it is the same inside, differences of their own say. */
export interface Moved {
  readonly kind: 'moved'
  readonly path: string
  /** In the second value. */
  readonly steps: readonly ValueStep[]
  readonly stepsBefore: readonly ValueStep[]
  readonly after: unknown
}

/** Stands for the element that a sparse array does not have: it is not undefined. */
export const absent: unique symbol = Symbol('absent')
