import type { PostgresClient } from './postgres-connection.ts'
import { codeOf } from './postgres-errors.ts'
import { type TablePlace, unfitTable } from './sql-errors.ts'
import { quoted, type TableChoice } from './sql-options.ts'
import { progressTable } from './sql-progress.ts'
import type { SqlColumn } from './sql-row.ts'

/** The user's table as it was found. */
export interface PostgresTable {
  /** Quoted, with its schema. */
  readonly name: string
  readonly schema: string
  readonly columns: readonly SqlColumn[]
}

export type PostgresChoice = TableChoice & { readonly schema: string | undefined }

/**
 * The table, in a transaction that makes it first where that is asked for.
 *
 * @throws WaymarkError `invalid` if it is missing, or lacks a column or constraint that the options name
 */
export async function findTable(
  client: PostgresClient,
  choice: PostgresChoice,
  place: TablePlace,
  mayCreate: boolean,
): Promise<PostgresTable> {
  let table = await lookUp(client, choice)
  if (table === undefined && typeof choice.create === 'string' && mayCreate) {
    await client.query(choice.create)
    table = await lookUp(client, choice)
  }
  if (table === undefined) {
    throw unfitTable(
      place,
      'does not exist',
      `Make it first, or give the statement: create: 'CREATE TABLE ${quoted(choice.table)} (…)'. A table of another schema needs schema.`,
    )
  }
  const { columns } = table
  const missing = [...(choice.columns ?? []), ...choice.key].find(name => !columns.some(column => column.name === name))
  if (missing !== undefined)
    throw unfitTable(
      place,
      `has no column ${JSON.stringify(missing)}`,
      'Add it, or name another in columns and key; names of columns differ by case.',
    )
  await checkKey(client, table, choice, place)
  return table
}

async function lookUp(client: PostgresClient, { table, schema }: PostgresChoice): Promise<PostgresTable | undefined> {
  const name = schema === undefined ? quoted(table) : `${quoted(schema)}.${quoted(table)}`
  const { rows } = await client.query(
    `SELECT n.nspname AS schema, a.attname AS name, coalesce(b.typname, t.typname) AS type,
       a.attgenerated <> '' OR a.attidentity = 'a' AS generated
     FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       JOIN pg_type t ON t.oid = a.atttypid
       LEFT JOIN pg_type b ON b.oid = t.typbasetype
     WHERE c.oid = to_regclass($1) AND c.relkind IN ('r', 'p', 'v', 'f') ORDER BY a.attnum`,
    [name],
  )
  const columns = rows.map(row => ({ name: field(row, 'name'), type: field(row, 'type'), generated: truthy(row, 'generated') }))
  const found = rows[0] === undefined ? undefined : field(rows[0], 'schema')
  return found === undefined ? undefined : { name: `${quoted(found)}.${quoted(table)}`, schema: found, columns }
}

export const progressTableIn = (schema: string): string => `${quoted(schema)}.${progressTable}`

/** Made only where it is missing: who may write rows may not always make tables. */
export async function createProgressTable(client: PostgresClient, schema: string): Promise<void> {
  // Looked up in the catalog itself: to_regclass answers from a cache that a transaction does not renew while it waits.
  const exists = async () => {
    const { rows } = await client.query(
      'SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2',
      [schema, progressTable],
    )
    return rows.length > 0
  }
  if (await exists()) return
  // Of two that make it at once one would fail, IF NOT EXISTS or not.
  await client.query("SELECT pg_advisory_xact_lock(hashtext('waymark_progress'))")
  if (await exists()) return
  await client.query(`CREATE TABLE ${progressTableIn(schema)} (
    store text NOT NULL, run text NOT NULL, stage text NOT NULL,
    generation text NOT NULL, target text NOT NULL, token bigint NOT NULL,
    sequence bigint NOT NULL, row_count bigint NOT NULL, flushes bytea NOT NULL,
    PRIMARY KEY (store, run, stage)
  )`)
}

/** Whether a constraint fits the key is found out by planning an insertion that is not carried out. */
async function checkKey(
  client: PostgresClient,
  { name }: PostgresTable,
  { key, table }: TableChoice,
  place: TablePlace,
): Promise<void> {
  if (key.length === 0) return
  const names = key.map(quoted).join(', ')
  try {
    await client.query(
      `EXPLAIN INSERT INTO ${name} (${names}) VALUES (${key.map(() => 'NULL').join(', ')}) ON CONFLICT (${names}) DO NOTHING`,
    )
  } catch (error) {
    if (codeOf(error) !== '42P10') throw error
    throw unfitTable(
      place,
      `has no UNIQUE constraint on ${key.join(', ')}, which the key needs`,
      `CREATE UNIQUE INDEX ${quoted(`${table}_key`)} ON ${name} (${names})`,
    )
  }
}

/** A field of a row, as text. */
export function field(row: unknown, name: string): string {
  return typeof row === 'object' && row !== null ? String(Reflect.get(row, name)) : ''
}

const truthy = (row: unknown, name: string): boolean => field(row, name) === 'true'
