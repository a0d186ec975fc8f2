import type { BlockQuery, FoundBlock } from './event-index.ts'
import type { EventNames } from './event-names.ts'
import { blockColumns, foundBlock, numberOf } from './event-rows.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

/** Rows that are read at a time: few at first, as most who ask want a page. */
const fewestRows = 64
const mostRows = 256
/** Kinds of events that are followed side by side; where more are meant, all blocks are looked through. */
const mostFollowed = 64

/**
 * Candidates for a query in order of their time: each block that holds what is asked for, and where that is too much to follow, others too.
 *
 * @param onRead Called whenever some were read, before the first of them is given
 */
export function* blocksInOrder(
  connection: SqliteConnection,
  names: EventNames,
  query: BlockQuery,
  onRead: () => void,
): Iterable<FoundBlock> {
  const { newestFirst, from, to } = query
  const followed = followedBy(connection, names, query)
  if (followed === undefined) return
  const sql = blockStatement(followed, newestFirst)
  let place: readonly [at: number, number: number] = newestFirst ? [to, Number.MAX_SAFE_INTEGER] : [from, -1]
  for (let limit = fewestRows, read = 0; ; limit = Math.min(mostRows, read)) {
    const rows = connection.lists(sql, newestFirst ? from : to, ...place, limit, ...followed.values, ...followed.kinds)
    read += rows.length
    const blocks = rows.map(row => foundBlock(row, names))
    onRead()
    for (const block of blocks) {
      // It holds several of the kinds.
      if (block.number === place[1]) continue
      place = [block.first, block.number]
      yield block
    }
    if (rows.length < limit) return
  }
}

/** What is read in order: an index of blocks, or one of facets once for each kind. */
export interface Followed {
  readonly table: 'block' | 'facet'
  readonly index: string
  /** Its leading columns, of which all entries have the same values; the kind comes behind them. */
  readonly columns: readonly string[]
  readonly values: readonly number[]
  readonly kinds: readonly number[]
}

/** Undefined: nothing in the index can be what is asked for. */
function followedBy(connection: SqliteConnection, names: EventNames, query: BlockQuery): Followed | undefined {
  const given = {
    run: numberIn(names, query.run),
    stage: numberIn(names, query.stage),
    pipeline: numberIn(names, query.pipeline),
  }
  const { run, stage, pipeline } = given
  if ([run, stage, pipeline].includes(-1)) return undefined
  const leading = Object.entries(given).flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
  const of = (table: Followed['table'], index: string, pairs: typeof leading, kinds: readonly number[]): Followed => ({
    ...{ table, index, kinds },
    columns: pairs.map(([column]) => column),
    values: pairs.map(([, value]) => value),
  })
  const asksForFacets = query.types !== undefined || query.statuses !== undefined || stage !== undefined
  const kinds = asksForFacets ? kindsOf(connection, query) : []
  if (!asksForFacets || kinds.length > mostFollowed) {
    const index = run !== undefined ? 'block_by_run' : pipeline !== undefined ? 'block_by_pipeline' : 'block_by_time'
    return of(
      'block',
      index,
      leading.filter(([column]) => column !== 'stage'),
      [],
    )
  }
  if (kinds.length === 0) return undefined
  return of('facet', facetIndex(run !== undefined, stage !== undefined, pipeline !== undefined), leading, kinds)
}

/** -1: nothing in the index is called so. */
const numberIn = (names: EventNames, text: string | undefined): number | undefined =>
  text === undefined ? undefined : (names.known(text) ?? -1)

/** Its text depends only on what is asked for, not on the values, so that it is prepared once. SQLite merges what it follows side by side as it reads it. */
export function blockStatement({ table, index, columns, values, kinds }: Followed, newestFirst: boolean): string {
  const number = table === 'block' ? 'n' : 'block'
  const range = newestFirst ? `at >= ?1 AND (at, ${number}) < (?2, ?3)` : `at <= ?1 AND (at, ${number}) > (?2, ?3)`
  const leading = columns.map((column, place) => `${column} = ?${5 + place} AND `).join('')
  const entries = (kind: string): string =>
    `SELECT at, ${number} AS number FROM ${table} INDEXED BY ${index} WHERE ${leading}${kind}${range}`
  const all = table === 'block' ? [entries('')] : kinds.map((_, place) => entries(`kind = ?${5 + values.length + place} AND `))
  const order = newestFirst ? 'DESC' : 'ASC'
  const found = `${all.join(' UNION ALL ')} ORDER BY at ${order}, number ${order} LIMIT ?4`
  return `SELECT ${blockColumns} FROM (${found}) AS found CROSS JOIN block ON block.n = found.number ORDER BY found.at ${order}, found.number ${order}`
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
