import assert from 'node:assert/strict'
import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import * as arrow from 'apache-arrow'
import fc from 'fast-check'
import { arrowTableFrom, open, type Store, table } from 'waymark'
import { arrowTables } from '../tables/arrow-arbitrary.ts'
import { damageRecord } from './damage-record.ts'
import { storeOfTest } from './store-of-test.ts'

async function storeWithTables(t: TestContext): Promise<{ store: Store; folder: string }> {
  const { store, folder } = await storeOfTest(t)
  await store.save({
    id: 'names',
    value: table(arrow.tableFromArrays({ id: Int32Array.of(1, 2), name: ['Apple', "Micro'soft"] })),
  })
  await store.save({ id: 'nested', value: { tables: { a: table([{ id: 1 }]), b: table([{ id: 2 }]) } } })
  await store.save({
    id: 'rows',
    rows: [
      { id: 1, n: 5 },
      { id: 2, n: 6 },
    ],
  })
  await store.save({ id: 'plain', value: { no: 'table' } })
  return { store, folder }
}

test('A1 several checkpoints join: rows, Arrow tables and tables inside values', async t => {
  const { store } = await storeWithTables(t)
  const result = await store.query(`
    select n.name, r.n -- checkpoint('no')
    from checkpoint('names') n join checkpoint('rows') r using (id) join CHECKPOINT ( 'nested' , 'tables.b' ) b using (id)
    where n.name <> 'checkpoint(''no'')' /* checkpoint('no') */`)
  assert.deepEqual(result.objects(), [{ name: "Micro'soft", n: 6 }])
})

test('A1 what cannot be answered is a typed error with the reason; the query reaches nothing but checkpoints, and the store stays as it was', async t => {
  const { store, folder } = await storeWithTables(t)
  const secret = join(folder, 'secret.csv')
  writeFileSync(secret, 'a\n1\n')
  const before = contents(folder)
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ["select nope from checkpoint('rows')", 'invalid', /DuckDB refuses the query: .*nope/],
    ['selct 1', 'invalid', /syntax error/],
    ["select * from checkpoint('plain')", 'invalid', /checkpoint plain holds no table/],
    ["select * from checkpoint('nested')", 'invalid', /holds 2 tables: tables\.a, tables\.b/],
    ["select * from checkpoint('nested', 'tables.c')", 'not_found', /nothing at tables\.c/],
    ["select * from checkpoint('row')", 'not_found', /row/],
    ['select * from checkpoint(rows)', 'invalid', /an address in single quotes/],
    [`select * from '${secret}'`, 'invalid', /disabled/],
    [`select * from read_text('${secret}')`, 'invalid', /disabled/],
    [`copy (select 1) to '${folder}/out.csv'`, 'invalid', /disabled/],
    [`attach '${folder}/x.db'`, 'invalid', /disabled/],
    [`set enable_external_access = true; select * from '${secret}'`, 'invalid', /DuckDB refuses/],
  ]
  for (const [sql, code, message] of cases) await assert.rejects(store.query(sql), { code, message }, sql)
  for (const name of ['plain', 'nested']) {
    const sql = `select * from checkpoint('${name}')`
    await assert.rejects(store.query(sql), { means: 'Nothing was read or changed.' }, sql)
  }
  assert.deepEqual((await store.query(`select a from '${secret}'`, { allowFiles: true })).objects(), [{ a: 1 }])
  assert.deepEqual(contents(folder), before)
})

/** Files with their lengths; the catalog is a view. */
const contents = (path: string): (string | number)[][] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter(name => !/sqlite/.test(name) && statSync(join(path, name)).isFile())
    .map(name => [name, statSync(join(path, name)).size])
    .sort()

test('A1 every type goes through DuckDB and back with its values, or is refused by the name of its column', async t => {
  const { store } = await storeWithTables(t)
  let kept = 0
  await fc.assert(
    fc.asyncProperty(arrowTables, async given => {
      const { id } = await store.save({ value: table(given) })
      try {
        const result = await store.query(`select * from checkpoint('${id}')`)
        assert.equal(result.rowCount, given.numRows)
        const exported = (await buffer(store.export(id, { format: 'csv' }))).toString()
        const asked = (await buffer(result.csv())).toString()
        assert.equal(sameUnits(asked), sameUnits(exported))
        kept++
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        assert.match(String(error), /unsupported|UNSUPPORTED|the column|no columns|has not|JSON has no form|ISO 8601/)
      }
    }),
    { numRuns: 60 },
  )
  assert.ok(kept > 10, `${kept} tables went through`)
})

/** Times in one unit: DuckDB has not all of them. */
const sameUnits = (text: string): string =>
  text
    .replace(/(T?\d\d:\d\d:\d\d)(?:\.(\d+))?/g, (_, clock: string, rest = '') => `${clock}.${rest.replace(/0+$/, '')}`)
    .replace(
      /PT(-?)(\d+)(?:\.(\d+))?S/g,
      (_, sign: string, whole: string, rest = '') => `P0M0DT${sign}${whole}.${rest.replace(/0+$/, '')}S`,
    )
    .replace(/(P-?\d+M-?\d+DT-?\d+)(?:\.(\d+))?S/g, (_, whole: string, rest = '') => `${whole}.${rest.replace(/0+$/, '')}S`)

test('A1 results of DuckDB become Arrow tables with every type, or are refused by the name of the column', async () => {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (await DuckDBInstance.create()).connect()
  const result =
    await connection.run(`select 1::tinyint a, 18446744073709551615::ubigint b, 12.30::decimal(9,2) c, sum(9007199254740993) d,
    'x'::enum('y', 'x') e, [1, null] f, {'k': 1, 'l': [true]} g, map {'p': 1.5::float} h, union_value(num := 3) i, uuid '00112233-4455-6677-8899-aabbccddeeff' j,
    timestamp_ns '2026-01-02 03:04:05.123456789' k, timestamptz '2026-01-02 03:04:05+00' l, interval '1 month 2 days 3 microseconds' m, '\\xAA'::blob n, date '1600-02-29' o, null p,
    array_value(1, 2) q`)
  const made = await arrowTableFrom<arrow.Table>(result)
  assert.ok(made instanceof arrow.Table)
  assert.deepEqual(
    made.schema.fields.map(({ type }) => String(type)),
    [
      ...[
        'Int8',
        'Uint64',
        'Decimal[9e+2]',
        'Decimal[38e0]',
        'Dictionary<Int32, Utf8>',
        'List<Int32>',
        'Struct<{k:Int32, l:List<Bool>}>',
      ],
      ...[
        'Map<{key:Utf8, value:Float32}>',
        'DenseUnion<Int32>',
        'FixedSizeBinary[16]',
        'Timestamp<NANOSECOND>',
        'Timestamp<MICROSECOND, UTC>',
      ],
      ...['Interval<MONTH_DAY_NANO>', 'Binary', 'Date32<DAY>', 'Int32', 'FixedSizeList[2]<Int32>'],
    ].map((type, at) => (at === 3 || at === 8 ? String(made.schema.fields[at]?.type) : type)),
  )
  assert.equal(made.getChild('b')?.get(0), 2n ** 64n - 1n)
  assert.equal(made.getChild('e')?.get(0), 'x')
  assert.deepEqual([...(made.getChild('f')?.get(0) ?? [])], [1, null])
  assert.equal(Buffer.from(made.getChild('j')?.get(0)).toString('hex'), '00112233445566778899aabbccddeeff')
  assert.equal(made.getChild('i')?.get(0), 3)
  for (const [sql, name] of [
    ["time '01:02:03'::timetz as zoned", 'zoned'],
    ["'101'::bit as bits", 'bits'],
    ["'infinity'::date as far", 'far'],
  ]) {
    await assert.rejects(arrowTableFrom(await connection.run(`select ${sql}`)), {
      code: 'unsupported',
      message: new RegExp(`the column ${name}`),
    })
  }
})

test('A1 a store opened to be read only says of a checkpoint whose record is damaged that it is damaged, not that there is none', async t => {
  const { store, folder } = await storeOfTest(t)
  await store.save({ id: 'prices', run: 'nightly', stage: 'load', value: table([{ price: 1 }]) })
  await store.close()
  await damageRecord(join(folder, '.waymark'), 'prices')
  const damaged = await open({ path: join(folder, '.waymark'), readOnly: true })
  t.after(() => damaged.close())
  for (const address of ['prices', 'nightly/load'])
    await assert.rejects(damaged.query(`from checkpoint('${address}')`), { code: 'corrupt', message: /segment .* is damaged/ })
  await assert.rejects(damaged.load('prices'), { code: 'corrupt' })
})
