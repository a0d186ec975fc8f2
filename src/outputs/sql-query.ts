import { createHash } from 'node:crypto'
import { WaymarkError } from '../model/errors.ts'
import type { InputRecord } from '../model/records.ts'

export interface SqlQueryOptions {
  /**
   * What the result depends on, such as a date of the data or a version of the table; the same text promises the same rows in the same order (so the query needs ORDER BY), whose items are
   * then known by index. Without it items need a `key`. A function is asked once in each attempt.
   */
  readonly fingerprint?: string | (() => string | Promise<string>) | undefined
}

/** @throws WaymarkError `invalid` */
export function checkQuery(where: string, sql: unknown, params: unknown, options: SqlQueryOptions): string {
  if (typeof sql !== 'string' || sql.trim() === '') {
    throw bad(
      where,
      `takes a query as text, not ${typeof sql === 'string' ? 'an empty text' : typeof sql}`,
      "Pass 'SELECT … FROM …'.",
    )
  }
  if (!Array.isArray(params)) throw bad(where, 'takes its parameters as an array', "Pass them after the query: ['2026-11-20'].")
  if (typeof options !== 'object' || options === null)
    throw bad(where, 'takes options as an object', 'Pass { fingerprint: … }, or nothing.')
  const { fingerprint } = options
  if (fingerprint !== undefined && typeof fingerprint !== 'string' && typeof fingerprint !== 'function') {
    throw bad(where, `has a fingerprint that is ${typeof fingerprint}`, 'Pass a text, or a function that gives one.')
  }
  return sql.replace(/[\s;]+$/, '')
}

function bad(where: string, what: string, remedy: string): WaymarkError {
  return new WaymarkError('invalid', { message: `${where} ${what}`, means: 'Nothing was read.', remedy })
}

/** How the log knows a result again: by query, parameters and the caller's word; not at all without that. */
export async function queryRecord(
  shown: string,
  sql: string,
  params: readonly unknown[],
  { fingerprint }: SqlQueryOptions,
): Promise<InputRecord> {
  if (fingerprint === undefined) return { kind: 'keys' }
  const given: unknown = typeof fingerprint === 'function' ? await fingerprint() : fingerprint
  if (typeof given !== 'string') {
    throw bad(shown, `has a fingerprint that gives ${given === null ? 'null' : typeof given}`, 'Let the function return a text.')
  }
  const parts = [
    sql,
    ...params.map(param => `${typeof param} ${param instanceof Date ? param.toISOString() : String(param)}`),
    given,
  ]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}`)
  return { kind: 'value', digest: `sha256:${hash.digest('hex')}`, from: shown }
}

const batchBytes = 1 << 20
const mostRows = 2_000

/** How many rows to read next, so that a batch takes about a megabyte whatever the rows hold. */
export class BatchSize {
  rows = 100

  read(rows: number, bytes: number): void {
    if (rows === 0) return
    const wanted = Math.floor((batchBytes * rows) / Math.max(1, bytes))
    // Rows grow: one step up is at most fourfold.
    this.rows = Math.max(1, Math.min(wanted, this.rows * 4, mostRows))
  }
}
