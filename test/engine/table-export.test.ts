import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { arrowTableFrom, type ExportFormat, isWaymarkError, type Store, table } from 'waymark'
import { nodeFiles } from '../../src/files/node-files.ts'
import { readParquet } from '../../src/outputs/parquet-reader.ts'
import { tableOfParquet } from '../../src/outputs/parquet-table-reader.ts'
import { arrowOfColumnar } from '../../src/tables/arrow-bridge.ts'
import type { ColumnarTable } from '../../src/tables/columnar.ts'
import { arrowTables } from '../tables/arrow-arbitrary.ts'
import { described } from '../tables/described-table.ts'
import { storeOfTest } from './store-of-test.ts'

const loaded = async (store: Store, id: string): Promise<arrow.Table> => {
  const { value } = await store.load(id)
  assert.ok(value instanceof arrow.Table)
  return value
}

/** A column of each type that Parquet has, with nulls. */
function manyTypes(): arrow.Table {
  const dated = [new Date('1600-02-29'), null, new Date('2026-01-02')]
  const list = new arrow.List(new arrow.Field('item', new arrow.Int16(), true))
  const struct = new arrow.Struct([new arrow.Field('a', new arrow.Utf8(), true), new arrow.Field('b', list, true)])
  return new arrow.Table({
    bool: arrow.vectorFromArray([true, null, false], new arrow.Bool()),
    u8: arrow.vectorFromArray([255, null, 0], new arrow.Uint8()),
    u32: arrow.vectorFromArray([2 ** 32 - 1, null, 0], new arrow.Uint32()),
    i64: arrow.vectorFromArray([-(2n ** 63n), null, 2n ** 63n - 1n], new arrow.Int64()),
    u64: arrow.vectorFromArray([2n ** 64n - 1n, null, 0n], new arrow.Uint64()),
    f64: arrow.vectorFromArray([Number.NaN, null, -0], new arrow.Float64()),
    text: arrow.vectorFromArray(['', null, 'a"b,\n\u{1F600}'], new arrow.Utf8()),
    bytes: arrow.vectorFromArray([Uint8Array.of(0, 255), null, new Uint8Array()], new arrow.Binary()),
    money: arrow.vectorFromArray(
      [Uint32Array.of(1230, 0, 0, 0), null, Uint32Array.of(4294967295, 4294967295, 4294967295, 4294967295)],
      new arrow.Decimal(2, 20),
    ),
    day: arrow.vectorFromArray(dated, new arrow.DateDay()),
    us: arrow.vectorFromArray(dated, new arrow.TimestampMicrosecond()),
    zoned: arrow.vectorFromArray(dated, new arrow.TimestampMillisecond('Europe/Berlin')),
    named: arrow.vectorFromArray(['x', null, 'x'], new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8())),
    list: arrow.vectorFromArray([[1, null], null, []], list),
    struct: arrow.vectorFromArray([{ a: 'x', b: [1] }, null, { a: null, b: null }], struct),
  })
}

test('A1 DuckDB opens the Parquet file of a table, and sees the same types and values', async t => {
  const { store, folder } = await storeOfTest(t)
  const { id } = await store.save({ value: { inside: { prices: table(manyTypes()) } } })
  const path = join(folder, 'x.parquet')
  await store.exportTo(path, id, { format: 'parquet', path: 'inside.prices' })
  const connection = await (await DuckDBInstance.create()).connect()
  const types = await (await connection.run(`describe select * from '${path}'`)).getRowsJson()
  assert.deepEqual(
    types.map(row => row[1]),
    ['BOOLEAN', 'UTINYINT', 'UINTEGER', 'BIGINT', 'UBIGINT', 'DOUBLE', 'VARCHAR', 'BLOB', 'DECIMAL(20,2)', 'DATE'].concat([
      'TIMESTAMP',
      'TIMESTAMP WITH TIME ZONE',
      'VARCHAR',
      'SMALLINT[]',
      'STRUCT(a VARCHAR, b SMALLINT[])',
    ]),
  )
  const seen = described(await arrowTableFrom<arrow.Table>(await connection.run(`select * from '${path}'`)))
  assert.deepEqual(seen.columns, described(manyTypes()).columns)
})

test('A1 random tables come back from Parquet and from Arrow with the same types, values and metadata', async t => {
  const { store, folder } = await storeOfTest(t)
  let kept = 0
  await fc.assert(
    fc.asyncProperty(arrowTables, async given => {
      const { id } = await store.save({ value: table(given) })
      for (const format of ['arrow', 'parquet'] as const) {
        const path = join(folder, `x.${format}`)
        try {
          await store.exportTo(path, id, { format, replace: true })
        } catch (error) {
          assert.ok(isWaymarkError(error, 'unsupported') && format === 'parquet', String(error))
          continue
        }
        const imported = await store.importFrom(path)
        assert.deepEqual(described(await loaded(store, imported.id)), described(given))
        kept++
      }
    }),
    { numRuns: 40 },
  )
  assert.ok(kept > 45, `${kept} files were kept`)
})

test('A1 the reader that comes with Waymark sees the values too, and row groups are bounded', async t => {
  const { store, folder } = await storeOfTest(t)
  const path = join(folder, 'x.parquet')
  await store.save({
    id: 'small',
    value: table([
      { n: 1, t: 'x' },
      { n: 2.5, t: null },
    ]),
  })
  await store.exportTo(path, 'small', { format: 'parquet' })
  assert.deepEqual(await parquetReadObjects({ file: bufferOf(path), compressors }), [
    { n: 1, t: 'x' },
    { n: 2.5, t: null },
  ])
  await store.save({
    id: 'long',
    value: table(arrow.tableFromArrays({ n: Int32Array.from({ length: 150_000 }, (_, at) => at) })),
  })
  await store.exportTo(path, 'long', { format: 'parquet', replace: true })
  const { row_groups: groups } = parquetMetadata(bufferOf(path))
  assert.deepEqual(
    groups.map(group => Number(group.num_rows)),
    [65_536, 65_536, 18_928],
  )
})

const bufferOf = (path: string): ArrayBuffer => Uint8Array.from(readFileSync(path)).buffer

test('A1 pandas reads the CSV and the JSON lines of a table, and the Parquet file where it can', async t => {
  if (spawnSync('/usr/bin/python3', ['-c', 'import pandas']).status !== 0)
    return t.skip('NO PANDAS: CSV and JSON lines were not read by it')
  const { store, folder } = await storeOfTest(t)
  const rows = [
    { day: '2026-01-02', n: 9007199254740993n, x: 0.1, t: 'a,"b"\nc' },
    { day: '2026-01-03', n: -1n, x: 2.5e-100, t: 'é' },
  ]
  await store.save({ id: 'x', value: table(rows) })
  for (const format of ['csv', 'jsonl', 'parquet'] as const) await store.exportTo(join(folder, `x.${format}`), 'x', { format })
  const python = `
import pandas, json
c = pandas.read_csv('x.csv', float_precision='round_trip')
j = pandas.read_json('x.jsonl', lines=True, precise_float=True, convert_dates=False)
out = [[str(c[k].dtype) for k in c], c.to_dict('records'), j[['day', 'n', 't']].to_dict('records')]
try: out.append(pandas.read_parquet('x.parquet').to_dict('records'))
except ImportError: out.append(None)
print(json.dumps(out))`
  const [types, csv, jsonl, fromParquet] = JSON.parse(
    execFileSync('/usr/bin/python3', ['-c', python], { cwd: folder, encoding: 'utf8' }).replaceAll(
      '9007199254740993',
      '"9007199254740993"',
    ),
  )
  assert.deepEqual(types.slice(1, 3), ['int64', 'float64'])
  const plain = rows.map(row => ({ ...row, n: row.n > 0n ? String(row.n) : Number(row.n) }))
  assert.deepEqual(csv, plain)
  assert.deepEqual(
    jsonl,
    plain.map(({ x: _, ...row }) => row),
  )
  if (fromParquet === null) t.diagnostic('PANDAS HAS NO PARQUET READER HERE: the Parquet file was not read by it')
  else assert.deepEqual(fromParquet, plain)
})

test('A1 CSV is imported with the types that all of a column fit, and text where something would be lost', async t => {
  const { store, folder } = await storeOfTest(t)
  const path = join(folder, 'x.csv')
  writeFileSync(
    path,
    'n,zip,x,part,ok,day,at,long,gone\n1,007,0.5,12,true,2026-01-02,2026-01-02T03:04:05.678Z,123456789012345678901234567890,\n,08,-1.25,1e3,false,2026-01-03,,1.2345678901234567890,\n',
  )
  const { id } = await store.importFrom(path)
  const { value } = await store.load(id)
  assert.deepEqual(
    value,
    [
      {
        n: 1,
        zip: '007',
        x: 0.5,
        part: '12',
        ok: true,
        day: new Date('2026-01-02'),
        at: new Date('2026-01-02T03:04:05.678Z'),
        long: '123456789012345678901234567890',
        gone: null,
      },
      {
        n: null,
        zip: '08',
        x: -1.25,
        part: '1e3',
        ok: false,
        day: new Date('2026-01-03'),
        at: null,
        long: '1.2345678901234567890',
        gone: null,
      },
    ].map(row => ({ ...row, n: row.n === null ? null : BigInt(row.n) })),
  )
})

test('A1 what a form cannot hold, and a checkpoint without a table, are refused by name, and nothing is written', async t => {
  const { store, folder } = await storeOfTest(t)
  const spans = new arrow.Table({ lasted: arrow.vectorFromArray([1n], new arrow.DurationSecond()) })
  await store.save({ id: 'spans', value: table(spans) })
  await store.save({ id: 'nan', value: table([{ ratio: Number.NaN }]) })
  await store.save({ id: 'two', value: { a: table([{ n: 1 }]), 'b c': [table([{ n: 2 }])] } })
  await store.save({ id: 'plain', value: [{ n: 1 }] })
  await store.save({ id: 'bytes', bytes: Buffer.from('x') })
  const cases: readonly (readonly [string, ExportFormat, string, RegExp])[] = [
    ['spans', 'parquet', 'unsupported', /the column lasted is of type duration\[s\]/],
    ['nan', 'jsonl', 'invalid', /the column ratio holds NaN/],
    ['two', 'csv', 'invalid', /holds 2 tables: \["b c"\]\[0\], a/],
    ['plain', 'parquet', 'invalid', /checkpoint plain holds no table/],
    ['bytes', 'csv', 'invalid', /holds bytes, which cannot be exported as csv/],
  ]
  for (const [id, format, code, message] of cases) {
    await assert.rejects(store.exportTo(join(folder, 'x'), id, { format }), { code, message }, id)
    await assert.rejects(readFile(join(folder, 'x')), { code: 'ENOENT' })
  }
  await store.exportTo(join(folder, 'x'), 'two', { format: 'csv', path: '["b c"][0]' })
  assert.equal(await readFile(join(folder, 'x'), 'utf8'), 'n\n2\n')
})

test('A15 a Parquet file in which any byte is flipped is read with the right rows or refused, and never keeps the reader busy', async t => {
  const { store, folder } = await storeOfTest(t)
  const rows = Array.from({ length: 60 }, (_, at) => ({
    n: at % 3,
    t: at % 5 === 0 ? null : `t${at % 2}`,
    b: at % 7 === 0,
    l: at % 4 === 0 ? [at, null] : [],
  }))
  await store.save({ id: 'x', value: table(rows) })
  const path = join(folder, 'x.parquet')
  await store.exportTo(path, 'x', { format: 'parquet' })
  const whole = readFileSync(path)
  const right = described(await loaded(store, (await store.importFrom(path)).id))
  let refused = 0
  for (let at = 0; at < whole.length; at++) {
    const damaged = Buffer.from(whole)
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at)
    writeFileSync(path, damaged)
    await refusedOr(
      async () => {
        const read = await tableOfParquet({ files: nodeFiles, path, shown: 'x' })
        const { columns } = described(asArrow(read))
        assert.deepEqual(columns, right.columns, `byte ${at}`)
      },
      () => refused++,
    )
    await refusedOr(async () => {
      let count = 0
      for await (const batch of readParquet({ files: nodeFiles, path, shown: 'x', fineTimes: 'refuse' })) count += batch.length
      assert.equal(count, rows.length, `byte ${at}`)
    })
  }
  assert.ok(refused > whole.length / 3, `${refused} of ${whole.length} were refused`)
})

function asArrow(columns: ColumnarTable): arrow.Table {
  const made = arrowOfColumnar(columns)
  assert.ok(made instanceof arrow.Table)
  return made
}

async function refusedOr(work: () => Promise<void>, onRefused: () => void = () => {}): Promise<void> {
  try {
    await work()
  } catch (error) {
    assert.ok(isWaymarkError(error) && ['invalid', 'unsupported', 'limit'].includes(error.code), String(error))
    onRefused()
  }
}

test('A15 a file that is cut off, or compressed in a way nobody knows, is refused by its name, and nothing is saved', async t => {
  const { store, folder } = await storeOfTest(t)
  await store.save({ id: 'x', value: table([{ n: 1 }]) })
  const names = ['cut.parquet', 'codec.parquet', 'cut.arrow', 'none.arrow', 'empty.csv']
  const path = (name: string): string => join(folder, name)
  await store.exportTo(path('cut.parquet'), 'x', { format: 'parquet' })
  const whole = readFileSync(path('cut.parquet'))
  writeFileSync(path('cut.parquet'), whole.subarray(0, -9))
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`copy (select 1 as n) to '${path('codec.parquet')}' (format parquet, codec brotli)`)
  const brotli = readFileSync(path('codec.parquet'))
  // In the metadata of the only column: the codec follows the path of the column.
  const codec = brotli.lastIndexOf(Buffer.from('\x01n', 'latin1')) + 3
  assert.equal(brotli[codec], 8)
  brotli.writeUInt8(6, codec)
  writeFileSync(path('codec.parquet'), brotli)
  await store.exportTo(path('cut.arrow'), 'x', { format: 'arrow' })
  writeFileSync(path('cut.arrow'), readFileSync(path('cut.arrow')).subarray(0, 100))
  writeFileSync(path('none.arrow'), 'nothing')
  writeFileSync(path('empty.csv'), '')
  const before = (await store.list()).length
  for (const name of names) {
    await assert.rejects(store.importFrom(path(name)), { code: 'invalid', message: new RegExp(name.replace('.', '\\.')) }, name)
  }
  assert.equal((await store.list()).length, before)
})
