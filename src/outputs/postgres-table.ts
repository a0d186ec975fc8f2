import { WaymarkError } from '../model/errors.ts'
import type { TablePosition } from '../model/output-position.ts'
import { type ItemTarget, type OpenedOutput, type OutputContext, targetBrand } from './item-target.ts'
import { checkConnection, type PostgresConnection, PostgresLink } from './postgres-connection.ts'
import { postgresError } from './postgres-errors.ts'
import { PostgresOutput } from './postgres-output.ts'
import { PostgresProgress } from './postgres-progress.ts'
import { createProgressTable, findTable, type PostgresChoice } from './postgres-schema.ts'
import { inTransaction } from './postgres-transaction.ts'
import { checkTableOptions, type SqlTableOptions } from './sql-options.ts'
import { inTable, startOfTable } from './sql-position.ts'
import { decideOpening, encodeFlushes, type OpeningFacts } from './sql-progress.ts'

export interface PostgresTableOptions<Column extends string = string> extends SqlTableOptions<Column> {
  /** Of the table. Default: as the connection's `search_path` finds it. */
  readonly schema?: string | undefined
  /** The statement that makes the table where it is missing. */
  readonly create?: string | undefined
}

/**
 * A table of a PostgreSQL database as an output: a row for each result, exactly once each, since rows and progress (in a small table beside it, `waymark_progress`) are committed in one transaction.
 * Needs the package `pg`, unless a pool or a function that makes a client is passed.
 *
 * @example
 * await run.each('load', orders, enrich, { output: postgresTable('postgres://localhost/shop', { table: 'orders', key: 'id' }) })
 * @throws WaymarkError `invalid`
 */
export function postgresTable(connection: PostgresConnection, options: PostgresTableOptions): ItemTarget<object>
export function postgresTable<T extends object>(
  connection: PostgresConnection,
  options: PostgresTableOptions<keyof T & string>,
): ItemTarget<T>
export function postgresTable(given: PostgresConnection, options: PostgresTableOptions): ItemTarget<object> {
  const connection = checkConnection('postgresTable', given)
  const choice: PostgresChoice = {
    ...checkTableOptions('postgresTable', options, 'statement'),
    schema: checkSchema(options.schema),
  }
  const name = choice.schema === undefined ? choice.table : `${choice.schema}.${choice.table}`
  const shown = `postgres:${name}`
  let places = 0
  return {
    [targetBrand]: true,
    shown,
    // Only who empties the table minds others; rows of two stages can go to one.
    place: () => (choice.replace ? shown : `${shown} ${++places}`),
    begin: async () => startOfTable(shown),
    open: (context, position) => openTable(context, inTable(position, shown, context.stage), { connection, choice, shown }),
  }
}

interface Opened {
  readonly connection: PostgresConnection
  readonly choice: PostgresChoice
  readonly shown: string
}

async function openTable(
  context: OutputContext,
  position: TablePosition,
  { connection, choice, shown }: Opened,
): Promise<OpenedOutput> {
  const { stage, token } = context
  const place = { shown, stage }
  const link = new PostgresLink(connection, place)
  try {
    return await inTransaction(link, async client => {
      const table = await findTable(client, choice, place, position.sequence === 0)
      await createProgressTable(client, table.schema)
      const progress = new PostgresProgress(table.schema, context)
      await progress.lock(client)
      const facts: OpeningFacts = { ...place, token, target: table.name }
      const opening = decideOpening(await progress.read(client), position, facts)
      const { generation, sequence, rows } = opening.position
      await progress.put(client, {
        generation,
        target: table.name,
        token,
        sequence,
        rows,
        flushes: encodeFlushes(opening.flushes),
      })
      if (opening.how === 'begin' && choice.replace) await client.query(`DELETE FROM ${table.name}`)
      return { output: new PostgresOutput({ ...facts, link, progress, choice, table, opening }), recovered: opening.recovered }
    })
  } catch (error) {
    await link.close()
    throw postgresError(error, place)
  }
}

function checkSchema(schema: unknown): string | undefined {
  if (schema === undefined || (typeof schema === 'string' && schema !== '' && !schema.includes('\0'))) return schema
  throw new WaymarkError('invalid', {
    message: `the schema of postgresTable is ${schema === '' ? 'empty' : typeof schema}`,
    means: 'Nothing was read or written.',
    remedy: "Give its name: schema: 'sales'.",
  })
}
