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

/** What is passed over as it is (comments, texts, quoted names, words), the beginning of a comment, or a call of checkpoint(). */
const token =
  /--[^\n]*|\/\*|\$(\w*)\$[\s\S]*?\$\1\$|\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\bcheckpoint\s*\(|[\w.]+|[\s\S]/giy
const commentMark = /\/\*|\*\//g
const argument = /\s*'((?:[^']|'')*)'\s*(?:,\s*'((?:[^']|'')*)'\s*)?\)/y

/**
 * A query with a name of its own for each table that it takes from a checkpoint.
 *
 * @throws WaymarkError `invalid` for checkpoint() without an address in single quotes, and for a query of nothing but comments
 */
export function queryText(query: string): QueryText {
  const tables: NamedTable[] = []
  const prefix = freePrefix(query)
  let sql = ''
  let isBlank = true
  for (let at = 0; at < query.length; ) {
    token.lastIndex = at
    const [found = ''] = token.exec(query) ?? []
    if (found === '') break
    if (found === '/*') {
      const end = endOfComment(query, at)
      sql += query.slice(at, end)
      at = end
      continue
    }
    isBlank &&= /^(?:--|[\s;])/.test(found)
    if (!/^checkpoint\s*\($/i.test(found) || query[at - 1] === '.') {
      sql += found
      at += found.length
      continue
    }
    argument.lastIndex = at + found.length
    const call = argument.exec(query)
    if (call === null) throw noAddress(query.slice(at, at + 40))
    const [address = '', path] = call.slice(1).map(text => text?.replaceAll("''", "'"))
    sql += `"${named(tables, prefix, address, path).name}"`
    at = argument.lastIndex
  }
  if (isBlank) throw noStatement()
  return { sql, tables }
}

/** What begins no name in the query, so that no table of the user's has the name of one of ours. */
function freePrefix(query: string): string {
  const text = query.toLowerCase()
  let prefix = 'checkpoint_'
  for (let attempt = 1; text.includes(prefix); attempt++) prefix = `checkpoint_${attempt}_`
  return prefix
}

/** Comments nest. */
function endOfComment(query: string, start: number): number {
  let depth = 0
  commentMark.lastIndex = start
  for (let mark = commentMark.exec(query); mark !== null; mark = commentMark.exec(query)) {
    depth += mark[0] === '/*' ? 1 : -1
    if (depth === 0) return commentMark.lastIndex
  }
  return query.length
}

function named(tables: NamedTable[], prefix: string, address: string, path: string | undefined): NamedTable {
  const known = tables.find(table => table.address === address && table.path === path)
  if (known !== undefined) return known
  const table = { address, ...(path === undefined ? {} : { path }), name: `${prefix}${tables.length + 1}` }
  tables.push(table)
  return table
}

const noAddress = (near: string): WaymarkError =>
  new WaymarkError('invalid', {
    message: `checkpoint() takes an address in single quotes, not ${near}`,
    means: 'Nothing was asked; the store was not changed.',
    remedy: "Write checkpoint('RUN/STAGE'), or checkpoint('RUN/STAGE', 'path.to.table') for a table inside a value.",
  })

const noStatement = (): WaymarkError =>
  new WaymarkError('invalid', {
    message: 'the query is empty',
    means: 'Nothing was asked; the store was not changed.',
    remedy: "Write a query: select … from checkpoint('RUN/STAGE').",
  })
