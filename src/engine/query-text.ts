import { WaymarkError } from '../model/errors.ts'

/** A table that a query names: `checkpoint('ADDRESS')` or `checkpoint('ADDRESS', 'PATH')`. */
export interface NamedTable {
  readonly address: string
  /** Of the table inside the value. */
  readonly path?: string
  /** What stands in the query instead. */
  readonly name: string
}

export interface QueryText {
  readonly sql: string
  readonly tables: readonly NamedTable[]
}

/** What is passed over as it is (comments, texts, quoted names, words), or a call of checkpoint(). */
const token =
  /--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\bcheckpoint\s*\(|[\w.]+|[\s\S]/giy
const argument = /\s*'((?:[^']|'')*)'\s*(?:,\s*'((?:[^']|'')*)'\s*)?\)/y

/**
 * A query with a name of its own for each table that it takes from a checkpoint.
 *
 * @throws WaymarkError `invalid` for checkpoint() without an address in single quotes
 */
export function queryText(query: string): QueryText {
  const tables: NamedTable[] = []
  let sql = ''
  for (let at = 0; at < query.length; ) {
    token.lastIndex = at
    const [found = ''] = token.exec(query) ?? []
    if (found === '') break
    if (!/^checkpoint\s*\($/i.test(found) || query[at - 1] === '.') {
      sql += found
      at += found.length
      continue
    }
    argument.lastIndex = at + found.length
    const call = argument.exec(query)
    if (call === null) throw noAddress(query.slice(at, at + 40))
    const [address = '', path] = call.slice(1).map(text => text?.replaceAll("''", "'"))
    sql += `"${named(tables, address, path).name}"`
    at = argument.lastIndex
  }
  return { sql, tables }
}

function named(tables: NamedTable[], address: string, path: string | undefined): NamedTable {
  const known = tables.find(table => table.address === address && table.path === path)
  if (known !== undefined) return known
  const table = { address, ...(path === undefined ? {} : { path }), name: `checkpoint_${tables.length + 1}` }
  tables.push(table)
  return table
}

const noAddress = (near: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `checkpoint() takes an address in single quotes, not ${near}`,
    means: 'Nothing was asked; the store was not changed.',
    remedy: "Write checkpoint('RUN/STAGE'), or checkpoint('RUN/STAGE', 'path.to.table') for a table inside a value.",
  })
