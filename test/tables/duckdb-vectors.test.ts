import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { duckDBLibrary } from '../../src/engine/duckdb-library.ts'
import { loadIntoDuckDB } from '../../src/engine/duckdb-load.ts'
import { cellReader } from '../../src/tables/arrow-cell.ts'
import type { ColumnarTable } from '../../src/tables/columnar.ts'
import { contentHash } from '../../src/tables/content-hash.ts'
import { columnarOfDuckDB } from '../../src/tables/duckdb-result.ts'

/** More than a batch, in chunks whose lengths are no multiples of 8; every third row has nulls. */
const everyType = `select
  case when range % 3 > 0 then (range % 100)::tinyint end i8, (range * 7)::smallint i16, case when range % 3 > 0 then -range::integer end i32, range::bigint << 40 i64,
  range::utinyint u8, range::usmallint u16, range::uinteger u32, case when range % 3 > 0 then range::ubigint << 50 end u64,
  case when range % 3 > 0 then range::float / 3 end f32, case when range = 5 then 'nan'::double else -range::double / 7 end f64, case when range % 3 > 0 then range % 2 = 0 end bool,
  date '1900-01-01' + range::integer as day, make_timestamp(range * 1000003) us, make_timestamp_ms(range * 7919)::timestamp_ms ms, make_timestamp_ms(range * 1000)::timestamp_s s,
  make_timestamp_ns(range * 11) ns, case when range % 3 > 0 then make_timestamp(range * 17)::timestamptz end tz, time '00:00:01' + interval (range % 80000) second as clock,
  (range % 90)::decimal(4, 1) d4, -(range % 9000)::decimal(9, 2) d9, (range * 1001)::decimal(18, 3) d18, case when range % 3 > 0 then -range::decimal(38, 4) end d38,
  case when range % 3 > 0 then repeat('x', (range % 13)::integer) end short, chr(65279) || repeat('ü', (range % 40)::integer) as marked, ('long text number ' || range)::blob as bytes,
  repeat('h\u00e9', (range % 9)::integer) || chr(128512) as accents
  from range(150) where range % 50 <> 7`
const manyRows =
  "select range::integer as i, case when range % 5 > 0 then 'text ' || range end t, range % 7 = 0 b from range(140000) where hash(range) % 4 <> 0"

test('A1 the vectors of a DuckDB result taken over as bytes are the table that its values give one by one: nulls, many chunks, texts with a byte order mark', async t => {
  const connection = await connected(t)
  for (const sql of [everyType, manyRows, `${everyType} and false`, `${everyType} and range = 0`]) {
    const asBytes = await columnarOfDuckDB(await connection.run(sql))
    const byValue = await columnarOfDuckDB(withoutVectors(await connection.run(sql)))
    assert.equal(asBytes.rowCount, byValue.rowCount)
    const marked = (name: string): boolean => name === 'marked'
    assert.deepEqual(cells(asBytes, marked), cells(byValue, marked), sql)
    for (const { rowCount, columns } of asBytes.batches) for (const column of columns) assert.equal(column.rowCount, rowCount)
  }
  const marks = await columnarOfDuckDB(await connection.run("select chr(65279) || repeat('ü', 20) as t, chr(65279) || 'x' as u"))
  assert.deepEqual(
    cells(marks, () => false),
    [
      ['t', `\ufeff${'ü'.repeat(20)}`],
      ['u', '\ufeffx'],
    ],
  )
})

test('A1 a table is the same after it went into DuckDB as bytes and out again: every type, nulls, several batches', async t => {
  const connection = await connected(t)
  const library = await duckDBLibrary()
  for (const [at, sql] of [everyType, manyRows, `${everyType} and false`].entries()) {
    const given = await columnarOfDuckDB(await connection.run(sql))
    await loadIntoDuckDB(library, connection, `copy${at}`, given)
    const back = await columnarOfDuckDB(await connection.run(`from copy${at}`))
    assert.equal(contentHash(back), contentHash(given))
    const sql2 = `select count(*) as n from ((from copy${at} except all (${sql})) union all ((${sql}) except all from copy${at}))`
    assert.deepEqual((await connection.runAndReadAll(sql2)).getRows(), [[0n]], sql)
  }
})

test('A1 an infinite date or time is refused by the name of its column, a null beside it is none', async t => {
  const connection = await connected(t)
  for (const type of ['date', 'timestamp', 'timestamp_s', 'timestamp_ms', 'timestamp_ns', 'timestamptz']) {
    for (const sign of ['', '-']) {
      const result = await connection.run(`select * from (values (null::${type}), ('${sign}infinity'::${type})) v(far)`)
      await assert.rejects(columnarOfDuckDB(result), { code: 'unsupported', message: /the column far .*infinite/ })
    }
    assert.equal((await columnarOfDuckDB(await connection.run(`select null::${type} as far`))).rowCount, 1)
  }
})

async function connected(t: { after(work: () => void): void }): Promise<DuckDBConnection> {
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run("set timezone = 'UTC'")
  t.after(() => connection.closeSync())
  return connection
}

/** The same result, of a library whose vectors look different. */
function withoutVectors(result: Parameters<typeof columnarOfDuckDB>[0]): typeof result {
  return {
    deduplicatedColumnNames: () => result.deduplicatedColumnNames(),
    columnTypes: () => result.columnTypes(),
    fetchChunk: async () => {
      const chunk = await result.fetchChunk()
      return (
        chunk && {
          rowCount: chunk.rowCount,
          columnCount: chunk.columnCount,
          getColumnVector: () => ({ getItem: () => null }),
          getColumnValues: at => chunk.getColumnValues(at),
        }
      )
    },
  }
}

const cells = ({ fields, batches }: ColumnarTable, leftOut: (name: string) => boolean): unknown[] =>
  batches.flatMap(({ rowCount, columns }) =>
    fields.flatMap(({ name, type }, at) => {
      const column = columns[at]
      if (column === undefined || leftOut(name)) return []
      const read = cellReader(type, column)
      return Array.from({ length: rowCount }, (_, row) => [name, read(row)])
    }),
  )
