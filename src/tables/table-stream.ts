import { WaymarkError } from '../model/errors.ts'
import type { TableFacts } from '../model/table-facts.ts'

/** What gives the rows of a table one by one, or its batches in Arrow's form. */
export type RowSource<Row> = Iterable<Row> | AsyncIterable<Row>

/**
 * A table whose rows come one by one: given to `table()` as an iterable, or loaded. What is loaded reads a batch of 65,536 rows at a time, and can be gone through any number of times.
 *
 * @typeParam Row a plain object; or a RecordBatch of `apache-arrow`, of a table that was given in these
 */
export class TableStream<Row extends object = Record<string, unknown>> implements AsyncIterable<Row> {
  readonly #source: RowSource<Row>
  readonly #facts: TableFacts | undefined

  /** @param facts of what is saved */
  constructor(source: RowSource<Row>, facts?: TableFacts) {
    this.#source = source
    this.#facts = facts
  }

  /** Shape, columns, and what they hold. Undefined before it is saved. */
  get facts(): TableFacts | undefined {
    return this.#facts
  }

  /** How many rows. Undefined before it is saved. */
  get rowCount(): number | undefined {
    return this.#facts?.rows
  }

  /**
   * All rows (or batches) in their order.
   *
   * @throws WaymarkError `corrupt` when a damaged piece is reached: the rows before it are right. `invalid` for a generator that was gone through before
   */
  [Symbol.asyncIterator](): AsyncIterator<Row> {
    const rows = this.open()
    return {
      next: async () => rows.next(),
      return: async () => (await rows.return?.()) ?? { done: true, value: undefined },
    }
  }

  /** The rows, to be asked for one by one without waiting where the source does not make one wait. @internal */
  open(): Iterator<Row> | AsyncIterator<Row> {
    const source = this.#source
    const rows = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]()
    if (isSame(rows, source)) {
      if (taken.has(source)) throw takenBefore()
      taken.add(source)
    }
    return rows
  }
}

/** Generators and readers, which give their rows once. */
const taken = new WeakSet<object>()

const isSame = (iterator: object, source: object): boolean => iterator === source

const takenBefore = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'the rows of a table come from a generator, which has given them once before',
    means: 'Nothing was saved.',
    remedy: 'Call the function that makes it again: table(rows()); or give what can be gone through more than once.',
  })
