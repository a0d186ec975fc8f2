import { WaymarkError } from '../model/errors.ts'

export type SqlValue = string | number | Uint8Array

/** A statement whose text depends only on which conditions there are, so that it is prepared once. */
export interface SqlQuery {
  readonly sql: string
  readonly values: readonly SqlValue[]
}

/** Above every text that begins with what stands before it. */
export const highestCharacter = '\u{10ffff}'

/** Conditions joined by AND, with their values. */
export class SqlTerms {
  readonly values: SqlValue[] = []
  readonly #terms: string[] = []

  add(term: string, ...values: readonly SqlValue[]): this {
    this.#terms.push(term)
    this.values.push(...values)
    return this
  }

  get text(): string {
    return this.#terms.join(' AND ')
  }

  get where(): string {
    return this.#terms.length === 0 ? '' : `WHERE ${this.text}`
  }
}

const defaultLimit = 50

/** SQLite takes a negative limit for none. */
export function limitOf(limit = defaultLimit): number {
  if (limit === Number.POSITIVE_INFINITY) return -1
  if (Number.isSafeInteger(limit) && limit >= 0) return limit
  throw new WaymarkError('invalid', {
    message: `${limit} cannot be the limit of a list`,
    means: 'Nothing was read.',
    remedy: 'Use a whole number, or leave the limit out.',
  })
}
