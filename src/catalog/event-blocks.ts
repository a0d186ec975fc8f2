import type { BlockQuery, FoundBlock } from './event-index.ts'
import type { EventNames } from './event-names.ts'
import { blockColumns, foundBlock, numberOf } from './event-rows.ts'
import { SqlTerms, type SqlValue } from './sql-terms.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Rows that are read at a time: few at first, as most who ask want a page. */
const fewestRows = 8
const mostRows = 256
/** Kinds of events that are followed side by side; where more are meant, all blocks are looked through. */
const mostCursors = 64

/** Candidates for a query in order of their time: each block that holds what is asked for, and where that is too much to follow, others too. */
export function* blocksInOrder(connection: SqliteConnection, names: EventNames, query: BlockQuery): Iterable<FoundBlock> {
  const cursors = cursorsOf(connection, names, query)
  let last = -1
  for (;;) {
    let next: BlockCursor | undefined
    for (const cursor of cursors)
      if (cursor.head !== undefined && (next?.head === undefined || cursor.isBefore(next))) next = cursor
    if (next?.head === undefined) return
    const { head } = next
    next.advance()
    // It holds several of the kinds.
    if (head.number === last) continue
    last = head.number
    yield head
  }
}

/** What all cursors have in common: values of the leading columns of an index. */
interface Leading {
  readonly table: 'block' | 'facet'
  readonly index: string
  readonly columns: readonly (readonly [column: string, value: number])[]
}

function cursorsOf(connection: SqliteConnection, names: EventNames, query: BlockQuery): readonly BlockCursor[] {
  const run = query.run === undefined ? undefined : (names.known(query.run) ?? -1)
  const pipeline = query.pipeline === undefined ? undefined : (names.known(query.pipeline) ?? -1)
  const stage = query.stage === undefined ? undefined : (names.known(query.stage) ?? -1)
  if ([run, pipeline, stage].includes(-1)) return []
  const open = (leading: Leading): BlockCursor => new BlockCursor(connection, names, query, leading)
  const kinds = kindsOf(connection, query)
  const asksForFacets = query.types !== undefined || query.statuses !== undefined || stage !== undefined
  const given = (...columns: readonly (readonly [string, number | undefined])[]) =>
    columns.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
  if (!asksForFacets || kinds.length > mostCursors) {
    const index = run !== undefined ? 'block_by_run' : pipeline !== undefined ? 'block_by_pipeline' : 'block_by_time'
    return [open({ table: 'block', index, columns: given(['run', run], ['pipeline', pipeline]) })]
  }
  const index = facetIndex(run !== undefined, stage !== undefined, pipeline !== undefined)
  const columns = given(['run', run], ['stage', stage], ['pipeline', pipeline])
  return kinds.map(kind => open({ table: 'facet', index, columns: [...columns, ['kind', kind]] }))
}

function facetIndex(byRun: boolean, byStage: boolean, byPipeline: boolean): string {
  if (byRun) return byStage ? 'facet_by_run_stage' : 'facet_by_run'
  if (byStage) return 'facet_by_stage'
  return byPipeline ? 'facet_by_pipeline' : 'facet_by_kind'
}

function kindsOf(connection: SqliteConnection, { types, statuses }: BlockQuery): readonly number[] {
  return connection
    .all('SELECT n, type, status FROM kind ORDER BY n')
    .filter(({ type, status }) => types?.some(one => one === type) !== false && statuses?.some(one => one === status) !== false)
    .map(row => numberOf(row, 'n'))
}

/** Follows one index, a few rows at a time. */
class BlockCursor {
  readonly #connection: SqliteConnection
  readonly #names: EventNames
  readonly #query: BlockQuery
  readonly #sql: string
  readonly #values: readonly SqlValue[]
  #rows: readonly FoundBlock[] = []
  #at = 0
  #limit = fewestRows
  #place: readonly [at: number, number: number]

  constructor(connection: SqliteConnection, names: EventNames, query: BlockQuery, { table, index, columns }: Leading) {
    this.#connection = connection
    this.#names = names
    this.#query = query
    const { newestFirst, from, to } = query
    const number = table === 'block' ? 'n' : 'block'
    const terms = new SqlTerms()
    for (const [column, value] of columns) terms.add(`t.${column} = ?`, value)
    if (newestFirst) terms.add('t.at >= ?', from).add(`(t.at, t.${number}) < (?, ?)`)
    else terms.add('t.at <= ?', to).add(`(t.at, t.${number}) > (?, ?)`)
    const order = newestFirst ? 'DESC' : 'ASC'
    const source =
      table === 'block'
        ? `block AS t INDEXED BY ${index}`
        : `facet AS t INDEXED BY ${index} CROSS JOIN block ON block.n = t.block`
    const wanted = table === 'block' ? blockColumns.replaceAll('block.', 't.') : blockColumns
    this.#sql = `SELECT ${wanted} FROM ${source} ${terms.where} ORDER BY t.at ${order}, t.${number} ${order} LIMIT ?`
    this.#values = terms.values
    this.#place = newestFirst ? [to, Number.MAX_SAFE_INTEGER] : [from, -1]
    this.#read()
  }

  get head(): FoundBlock | undefined {
    return this.#rows[this.#at]
  }

  isBefore(other: BlockCursor): boolean {
    const [one, two] = [this.head, other.head]
    if (one === undefined || two === undefined) return one !== undefined
    const difference = one.first - two.first || one.number - two.number
    return this.#query.newestFirst ? difference > 0 : difference < 0
  }

  advance(): void {
    this.#at++
    if (this.#at === this.#rows.length && this.#rows.length === this.#limit) {
      this.#limit = Math.min(mostRows, this.#limit * 2)
      this.#read()
    }
  }

  #read(): void {
    const rows = this.#connection.all(this.#sql, ...this.#values, ...this.#place, this.#limit)
    this.#rows = rows.map(row => foundBlock(row, this.#names))
    this.#at = 0
    const last = this.#rows.at(-1)
    if (last !== undefined) this.#place = [last.first, last.number]
  }
}
