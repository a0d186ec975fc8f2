// npm run bench -- query           100,000 rows of 8 columns
// node bench/query.ts --full       a million
//
// What it costs until DuckDB has answered a question about a checkpoint, against DuckDB reading the Parquet file that `exportTo` wrote of it; and what it costs to take a whole result over,
// against the rows that @duckdb/node-api makes of it. CPU time of the process, DuckDB's threads included, in turns; medians.
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { arrowTableFrom, table } from 'waymark'
import { duckDBLibrary } from '../src/engine/duckdb-library.ts'
import { loadIntoDuckDB } from '../src/engine/duckdb-load.ts'
import { columnarOfArrow } from '../src/tables/arrow-bridge.ts'
import { cpuUs, median, withStore } from './shared/temporary-store.ts'

const rowCount = process.argv.includes('--full') ? 1_000_000 : 100_000
const rounds = process.argv.includes('--full') ? 3 : 5

/** The columns of bench/tables.ts. */
const sample = `select range::integer as id, (range * 7919 % 100000)::integer as amount, round(range * 0.37, 2)::double as price,
  'customer ' || (range * 31 % 5000) as name, ['Berlin', 'Paris', 'Rome', 'Oslo', 'Lisbon'][(range * 7 % 5 + 1)::integer] as city,
  make_timestamp_ms(1700000000000 + range * 1000)::timestamp_ms as sold, range % 3 = 0 as paid, sin(range) as score from range(${rowCount})`
const question = 'select city, count(*), sum(amount), avg(price), max(sold), max(name) from'

await withStore(async (store, _files, folder) => {
  const connection = await (await DuckDBInstance.create()).connect()
  const given = await arrowTableFrom(await connection.run(sample))
  const { id } = await store.save({ value: table(given) })
  const file = join(folder, 'table.parquet')
  await store.exportTo(file, id, { format: 'parquet' })
  const library = await duckDBLibrary()
  const columns = columnarOfArrow(given)
  let tables = 0
  const contenders = {
    'the columns into DuckDB': () => loadIntoDuckDB(library, connection, `t${tables++}`, columns),
    'store.query': () => store.query(`${question} checkpoint('${id}') group by 1`),
    'read_parquet of the export': () => connection.runAndReadAll(`${question} read_parquet('${file}') group by 1`),
    'read_parquet into a table': () => connection.run(`create table t${tables++} as from read_parquet('${file}')`),
    'arrowTableFrom a result': async () => arrowTableFrom(await connection.run(sample)),
    'getRows of a result': async () => (await connection.runAndReadAll(sample)).getRows(),
  }
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const used = (await cpuUs(run)) / 1000
      times.set(name, [...(times.get(name) ?? []), used])
    }
  }
  const of = (name: keyof typeof contenders): number => median(times.get(name) ?? [])
  console.log(`${rowCount.toLocaleString('en')} rows x 8, CPU time`)
  const pairs = [
    ['the columns into DuckDB', 'read_parquet into a table'],
    ['store.query', 'read_parquet of the export'],
    ['arrowTableFrom a result', 'getRows of a result'],
  ] as const
  for (const [ours, peer] of pairs)
    console.log(
      `  ${ours} ${of(ours).toFixed(0)} ms, ${peer} ${of(peer).toFixed(0)} ms: ${(of(ours) / of(peer)).toFixed(2)} times`,
    )
})
