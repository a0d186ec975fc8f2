import { isArrowShape } from '../tables/arrow-shape.ts'

/** The rows of an Arrow table in which columns have the same name, which its own rows cannot tell apart: the second is `name (2)`. Undefined where each has a name of its own. */
export function arrowRowsByPlace(table: object): Iterable<unknown> | undefined {
  if (!isArrowShape(table) || !hasColumns(table)) return undefined
  const names = table.schema.fields.map(({ name }) => name)
  return new Set(names).size === names.length ? undefined : rowsOf(table, distinct(names))
}

/** A table of `apache-arrow`. */
interface TableOfColumns {
  readonly numRows: number
  getChildAt(place: number): { get(row: number): unknown } | null
}

function* rowsOf(table: TableOfColumns, names: readonly string[]): Iterable<unknown> {
  const columns = names.map((name, place) => [name, table.getChildAt(place)] as const)
  for (let row = 0; row < table.numRows; row++)
    yield Object.fromEntries(columns.map(([name, column]) => [name, column?.get(row)]))
}

/** A name that is there already gets a number with which it is one of its own. */
function distinct(names: readonly string[]): readonly string[] {
  const given = new Set(names)
  const used = new Set<string>()
  return names.map(name => {
    let own = name
    for (let count = 2; used.has(own) || (own !== name && given.has(own)); count++) own = `${name} (${count})`
    used.add(own)
    return own
  })
}

const hasColumns = (value: object): value is TableOfColumns =>
  'getChildAt' in value && typeof value.getChildAt === 'function' && 'numRows' in value && typeof value.numRows === 'number'
