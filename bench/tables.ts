// npm run bench -- tables          a few seconds: 250 rows, and 100,000
// node bench/tables.ts --full      a million rows of 8 columns
//
// What it costs to save and load a table, against DuckDB (rows -> appender -> COPY to Parquet, and back to rows) and pandas (pickle and gzip),
// and what a save stores after 1 % of the rows were appended or changed in place. The ratios are what to compare: CPU time of the process for what
// runs here, since the machine is shared; DuckDB's threads count as its CPU.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api'
import { table } from 'waymark'
import { cpuUs, median, timed, withStore } from './shared/temporary-store.ts'

const isFull = process.argv.includes('--full')
const rowCount = isFull ? 1_000_000 : 100_000
const rounds = isFull ? 3 : 5

interface Row {
  readonly id: number
  readonly amount: number
  readonly price: number
  readonly name: string
  readonly city: string
  readonly at: Date
  readonly paid: boolean
  readonly score: number
}

const cities = ['Berlin', 'Paris', 'Rome', 'Oslo', 'Lisbon']
const rowAt = (index: number, version = 0): Row => ({
  id: index,
  amount: (index * 7919 + version) % 100_000,
  price: Math.round((index * 0.37 + version) * 100) / 100,
  name: `customer ${(index * 31) % 5_000}`,
  city: cities[(index * 7) % cities.length] ?? '',
  at: new Date(1_700_000_000_000 + index * 1_000),
  paid: index % 3 === 0,
  score: Math.sin(index + version),
})
const rowsOf = (count: number): Row[] => Array.from({ length: count }, (_, index) => rowAt(index))

await small()
await large()
await incremental()
pandas()

async function small(): Promise<void> {
  await withStore(async store => {
    const marked = table(rowsOf(250))
    const plain = rowsOf(250)
    const times: number[][] = [[], [], [], []]
    let cpu = 0
    for (let round = 0; round < 300; round++) {
      for (const [index, value] of [marked, plain].entries()) {
        let id = ''
        const used = await cpuUs(async () =>
          times[index * 2]?.push(await timed(async () => (id = (await store.save({ value })).id))),
        )
        if (index === 0 && round >= 100) cpu += used
        times[index * 2 + 1]?.push(await timed(() => store.load(id)))
      }
    }
    const [save = 0, load = 0, plainSave = 0, plainLoad = 0] = times.map(all => median(all.slice(100)))
    console.log(
      `250 rows x 8, as a table: save ${save.toFixed(2)} ms (aim 1.5; ${(cpu / 200e3).toFixed(2)} of CPU), load ${load.toFixed(2)} ms (aim 0.8); medians`,
    )
    console.log(`   the same rows as a plain value: save ${plainSave.toFixed(2)} ms, load ${plainLoad.toFixed(2)} ms`)
    console.log(`   theirs (A18): save 12 ms, ${(12 / save).toFixed(0)}x; load 8 ms, ${(8 / load).toFixed(0)}x`)
  })
}

async function large(): Promise<void> {
  const rows = rowsOf(rowCount)
  await withStore(async (store, _files, folder) => {
    const ours: number[][] = [[], []]
    const theirs: number[][] = [[], []]
    for (let round = 0; round < rounds; round++) {
      let id = ''
      ours[0]?.push(await cpuUs(async () => (id = (await store.save({ value: table(rows), full: true })).id)))
      ours[1]?.push(await cpuUs(() => store.load(id)))
      const file = join(folder, `${round}.parquet`)
      theirs[0]?.push(await cpuUs(() => duckSave(rows, file)))
      theirs[1]?.push(await cpuUs(() => duckLoad(file)))
    }
    for (const [index, what] of ['save', 'load'].entries()) {
      const [own, other] = [median(ours[index] ?? []) / 1e3, median(theirs[index] ?? []) / 1e3]
      console.log(
        `${rowCount} rows x 8: ${what} ${own.toFixed(0)} ms of CPU, DuckDB and Parquet ${other.toFixed(0)} ms: ${(other / own).toFixed(2)}x as fast`,
      )
    }
  })
}

async function duckSave(rows: readonly Row[], file: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  await connection.run(
    'create table t (id integer, amount integer, price double, name varchar, city varchar, "at" timestamp, paid boolean, score double)',
  )
  const appender = await connection.createAppender('t')
  for (const row of rows) {
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
  await connection.run(`copy t to '${file}' (format parquet, compression zstd)`)
  connection.closeSync()
}

async function duckLoad(file: string): Promise<void> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const reader = await connection.runAndReadAll(`select * from read_parquet('${file}')`)
  const rows = reader.getRowObjectsJS()
  if (rows.length !== rowCount) throw new Error('rows are missing')
  connection.closeSync()
}

async function incremental(): Promise<void> {
  const whole = rowsOf(rowCount)
  const part = rowCount / 100
  const appended = [...whole, ...Array.from({ length: part }, (_, index) => rowAt(rowCount + index))]
  const changed = whole.map((row, index) => (index >= rowCount / 2 && index < rowCount / 2 + part ? rowAt(index, 1) : row))
  const scattered = whole.map((row, index) => (index % 100 === 50 ? rowAt(index, 1) : row))
  for (const [what, rows] of [
    ['1 % appended', appended],
    ['1 % changed in one place', changed],
    ['1 % changed, every hundredth row', scattered],
  ] as const)
    await withStore(async store => {
      const { storedBytes } = await store.save({ value: table(whole), stage: 's' })
      const after = await store.save({ value: table(rows), stage: 's' })
      const share = ((after.storedBytes / storedBytes) * 100).toFixed(1)
      console.log(`${rowCount} rows x 8, ${what}: ${kb(after.storedBytes)} of ${kb(storedBytes)} stored anew, ${share} %`)
    })
}

/** Seconds as pandas itself measures them: to make the frame does not count. */
function pandas(): void {
  const script = `
import pandas as pd, numpy as np, time, tempfile, os
n = ${rowCount}; i = np.arange(n)
df = pd.DataFrame({'id': i, 'amount': i*7919%100000, 'price': np.round(i*.37, 2), 'name': ['customer %d' % (x*31%5000) for x in range(n)], 'city': [['Berlin','Paris','Rome','Oslo','Lisbon'][x*7%5] for x in range(n)], 'at': pd.to_datetime(1700000000000+i*1000, unit='ms'), 'paid': i%3==0, 'score': np.sin(i)})
f = tempfile.mktemp('.gz')
a = time.process_time(); df.to_pickle(f, compression='gzip'); b = time.process_time(); pd.read_pickle(f, compression='gzip'); c = time.process_time()
print((b-a)*1000, (c-b)*1000, os.path.getsize(f)); os.remove(f)`
  const { stdout, status } = spawnSync('/usr/bin/python3', ['-c', script], { encoding: 'utf8' })
  if (status !== 0) return console.log('SKIPPED: no pandas at /usr/bin/python3')
  const [save = 0, load = 0, bytes = 0] = stdout.trim().split(' ').map(Number)
  console.log(
    `${rowCount} rows x 8, pandas pickle and gzip: save ${save.toFixed(0)} ms of CPU, load ${load.toFixed(0)} ms, ${kb(bytes)}`,
  )
}

function kb(bytes: number): string {
  return `${(bytes / 1e3).toFixed(0)} KB`
}
