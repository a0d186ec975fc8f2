import { readFile } from 'node:fs/promises'
import type { QueryResult } from '../../engine/query-result.ts'
import { type Redaction, redactionOf } from '../../engine/redaction.ts'
import { maskedText } from '../../model/hidden-texts.ts'
import { checkpointAt } from '../checkpoint-at.ts'
import { wrongUsage } from '../command-line.ts'
import type { Context } from '../context.ts'
import { document, errorDocument } from '../json-shapes.ts'
import { queryLines } from '../render/query-lines.ts'
import { line } from '../render/screen.ts'
import { withStandardInput } from '../standard-input.ts'
import { untilStopped } from '../until-stopped.ts'
import { withStore } from '../with-store.ts'

const defaultLimit = 100

/** `waymark query SQL` */
export async function queryCommand(context: Context): Promise<number> {
  const { flags, arguments: words, command } = context.line
  const [word = ''] = words
  const limit = flags.count('limit') ?? defaultLimit
  if (flags.on('csv') && context.output.json) throw wrongUsage('--csv and --json exclude each other', command)
  const sql = word === '-' ? await withStandardInput(path => readFile(path, 'utf8')) : word
  if (sql.trim() === '') throw wrongUsage('there is no query', command)
  const work = (signal: AbortSignal): Promise<number> => answered(context, sql, limit, signal)
  return untilStopped(work, async stopped => {
    if (context.output.json) context.output.jsonLine(errorDocument('query', stopped.toJSON()))
    else await context.output.message([line(stopped.message)])
  })
}

function answered(context: Context, sql: string, limit: number, signal: AbortSignal): Promise<number> {
  const { flags } = context.line
  return withStore(context, async store => {
    const result = await store.query(sql, {
      signal,
      allowFiles: flags.on('allow-files'),
      find: address => checkpointAt(store, address),
    })
    if (flags.on('csv')) return toStdout(result.csv())
    if (context.output.json) {
      context.output.jsonLine(document('query', { columns: result.columns, rowCount: result.rowCount, rows: result.objects() }))
      return 0
    }
    const { output } = context
    const lines = queryLines(withoutSecretColumns(result, redactionOf(store)), limit, output.stdoutScreen)
    await output.result(output.quiet ? lines.slice(0, -1) : lines, 'cut')
    return 0
  })
}

function withoutSecretColumns(result: QueryResult, redaction: Redaction): Parameters<typeof queryLines>[0] {
  const isHidden = result.columns.map(({ name }) => redaction.hidesName(name))
  return {
    columns: result.columns,
    rowCount: result.rowCount,
    texts: limit => result.texts(limit).map(row => row.map((text, at) => (isHidden[at] && text !== null ? maskedText : text))),
  }
}

async function toStdout(pieces: AsyncIterable<Uint8Array>): Promise<number> {
  for await (const piece of pieces) {
    const gone = await new Promise<boolean>(resolve => {
      process.stdout.write(piece, error => resolve(error !== undefined && error !== null))
    })
    if (gone) break
  }
  return 0
}
