import type { ColumnarTable } from '../tables/columnar.ts'
import { type TableFacts, tableFacts } from '../tables/facts.ts'
import { joinPath } from './value-path.ts'

/** Where a table is, and what it is. */
export interface TablePlace {
  /** Inside the whole value; '' is the value itself. */
  readonly path: string
  readonly form: 'rows' | 'arrow'
  /** Hex SHA-256 of its content. */
  readonly digest: string
  /** Where its bytes begin. */
  readonly start: number
}

/** A table that was written as part of a value. Its facts are worked out when they are first asked for; the columns are let go then. */
export class WrittenTable implements TablePlace {
  readonly path: string
  readonly form: 'rows' | 'arrow'
  readonly digest: string
  readonly start: number
  #from: ColumnarTable | WrittenTable | undefined
  #facts: TableFacts | undefined

  constructor({ path, form, digest, start }: TablePlace, from: ColumnarTable | WrittenTable) {
    this.path = path
    this.form = form
    this.digest = digest
    this.start = start
    this.#from = from
  }

  get facts(): TableFacts {
    if (this.#facts === undefined) {
      if (this.#from === undefined) throw new Error('a table without columns')
      this.#facts = this.#from instanceof WrittenTable ? this.#from.facts : tableFacts(this.#from)
      this.#from = undefined
    }
    return this.#facts
  }

  /** The same table where what holds it, at `from` so far, lies at `to`. */
  moved(from: string, to: string, start: number): WrittenTable {
    const inside = this.path.slice(from.length)
    const segment = from === '' && inside !== '' && !inside.startsWith('[') ? `.${inside}` : inside
    return new WrittenTable({ path: joinPath(to, segment), form: this.form, digest: this.digest, start }, this)
  }
}
