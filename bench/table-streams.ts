// node --conditions=waymark-source bench/table-streams.ts          a million rows of 8 columns
// node --conditions=waymark-source bench/table-streams.ts --full   and ten million: its peak memory is to be that of a million
//
// What it costs to keep rows that come one by one, and to import a Parquet file, against DuckDB (appender, COPY to Parquet) and against the same rows at once in memory. Each in a process of its own: CPU of all its
// threads, and the most memory it held.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api'
import { open, table } from 'waymark'

const cities = ['Berlin', 'Paris', 'Rome', 'Oslo', 'Lisbon']
const schema = {
  id: 'int32',
  amount: 'int32',
  price: 'float64',
  name: 'utf8',
  city: 'utf8',
  at: 'timestamp[ms]',
  paid: 'bool',
  score: 'float64',
}

function* rowsOf(count: number) {
  for (let index = 0; index < count; index++)
    yield {
      id: index,
      amount: (index * 7919) % 100_000,
      price: Math.round(index * 37) / 100,
      name: `customer ${(index * 31) % 5_000}`,
      city: cities[(index * 7) % cities.length] ?? '',
      at: new Date(1_700_000_000_000 + index * 1_000),
      paid: index % 3 === 0,
      score: Math.sin(index),
    }
}

const ways: Readonly<Record<string, (count: number, folder: string) => Promise<void>>> = {
  'one by one': (count, folder) => saved(folder, table(rowsOf(count), { schema })),
  'in memory': (count, folder) => saved(folder, table([...rowsOf(count)], { schema })),
  'through DuckDB to Parquet': duckSave,
  'import of that Parquet file': async (_count, folder) => {
    const store = await open(join(folder, 'imported'))
    await store.importFrom(join(folder, 'rows.parquet'))
    await store.close()
  },
  'read back one by one': async (count, folder) => {
    const store = await open(join(folder, 'store'))
    const [{ id = '' } = {}] = await store.list()
    let found = 0
    for await (const _row of store.loadRows(id)) found++
    if (found !== count) throw new Error('rows are missing')
    await store.close()
  },
}

const { values: given } = parseArgs({
  options: { full: { type: 'boolean' }, way: { type: 'string' }, rows: { type: 'string' }, folder: { type: 'string' } },
})
if (given.way !== undefined) await inChild(given.way, Number(given.rows), given.folder ?? '')
else for (const count of given.full === true ? [1_000_000, 10_000_000] : [1_000_000]) measure(count)

function measure(count: number): void {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
  try {
    console.log(`${count.toLocaleString('en')} rows x 8`)
    const names = ['one by one', 'read back one by one', 'through DuckDB to Parquet', 'import of that Parquet file']
    // Ten million rows at once take several GB.
    if (count <= 1_000_000) names.push('in memory')
    const found = new Map(names.map(name => [name, child(name, count, folder)]))
    const peer = found.get('through DuckDB to Parquet')?.cpuS ?? Number.NaN
    for (const [name, { cpuS, peakMB }] of found)
      console.log(
        `  ${name.padEnd(28)} ${cpuS.toFixed(1).padStart(6)} s of CPU, ${(cpuS / peer).toFixed(2)} x DuckDB; peak ${peakMB.toFixed(0)} MB`,
      )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Cost {
  readonly cpuS: number
  readonly peakMB: number
}

function child(way: string, count: number, folder: string): Cost {
  const args = [fileURLToPath(import.meta.url), '--way', way, '--rows', String(count), '--folder', folder]
  const [cpuS = 0, peakMB = 0] = execFileSync(process.execPath, [...process.execArgv, ...args], { encoding: 'utf8' })
    .split(' ')
    .map(Number)
  return { cpuS, peakMB }
}

async function inChild(name: string, count: number, folder: string): Promise<void> {
  const way = ways[name]
  if (way === undefined) throw new Error(`there is no way ${name}`)
  const before = process.cpuUsage()
  await way(count, folder)
  const { user, system } = process.cpuUsage(before)
  process.stdout.write(`${(user + system) / 1e6} ${process.resourceUsage().maxRSS / 1024}`)
}

async function saved(folder: string, value: object): Promise<void> {
  const store = await open(join(folder, 'store'))
  await store.save({ value, full: true })
  await store.close()
}

async function duckSave(count: number, folder: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(
    'create table t (id integer, amount integer, price double, name varchar, city varchar, "at" timestamp, paid boolean, score double)',
  )
  const appender = await connection.createAppender('t')
  for (const row of rowsOf(count)) {
    appender.appendInteger(row.id)
    appender.appendInteger(row.amount)
    appender.appendDouble(row.price)
    appender.appendVarchar(row.name)
    appender.appendVarchar(row.city)
    appender.appendTimestamp(new DuckDBTimestampValue(BigInt(row.at.getTime()) * 1_000n))
    appender.appendBoolean(row.paid)
    appender.appendDouble(row.score)
    appender.endRow()
  }
  appender.closeSync()
  await connection.run(`copy t to '${join(folder, 'rows.parquet')}' (format parquet, compression zstd)`)
  connection.closeSync()
}
