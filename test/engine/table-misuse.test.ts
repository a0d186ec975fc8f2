import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import { Field, Int32, Schema, Table, tableFromArrays, tableToIPC, vectorFromArray } from 'apache-arrow'
import { arrowTableFrom, table } from 'waymark'
import { storeOfTest } from './store-of-test.ts'

test('A1 a DuckDB result becomes a table once: taken before, or by somebody else, it is refused; one without rows is not', async () => {
  const connection = await (await DuckDBInstance.create()).connect()
  const result = await connection.run('select 1 a')
  assert.equal((await arrowTableFrom(result)).numRows, 1)
  await assert.rejects(arrowTableFrom(result), { code: 'invalid', message: /taken before/ })
  const read = await connection.run('select 1 a')
  await read.getRows()
  await assert.rejects(arrowTableFrom(read), { code: 'invalid', message: /taken before/ })
  assert.equal((await arrowTableFrom(await connection.run('select 1 a where false'))).numCols, 1)
  const reader = await connection.runAndReadAll('select 1 a')
  await assert.rejects(arrowTableFrom(reader), { code: 'invalid', remedy: /connection\.run\(sql\)/ })
  await assert.rejects(arrowTableFrom([{ a: 1 }]), { code: 'invalid', remedy: /table\(rows\)/ })
})

test('A1 Arrow bytes that are empty or cut off anywhere before the last record are refused as such', async () => {
  const whole = tableFromArrays({ a: Array.from({ length: 50 }, (_, at) => at / 2) })
  await assert.rejects(arrowTableFrom(new Uint8Array(0)), { code: 'invalid', message: /there is nothing in it/ })
  for (const form of ['file', 'stream'] as const) {
    const bytes = tableToIPC(whole, form)
    for (const length of [4, 8, 12, bytes.length >> 1, bytes.length - 9])
      await assert.rejects(arrowTableFrom(bytes.subarray(0, length)), { code: 'invalid' }, `${form} ${length}`)
    assert.equal((await arrowTableFrom(bytes)).numRows, 50)
  }
  await assert.rejects(arrowTableFrom(tableToIPC(whole, 'file').subarray(0, 200)), { message: /it is cut off/ })
})

test('A1 an empty Parquet or Arrow file is refused as empty', async t => {
  const { folder, store } = await storeOfTest(t)
  for (const name of ['no.parquet', 'no.arrow']) {
    await writeFile(join(folder, name), '')
    await assert.rejects(store.importFrom(join(folder, name)), { code: 'invalid', message: /no\.(parquet|arrow) is empty/ })
  }
})

test('A1 table() refuses options there are not, time zones there are not, and decimals with more decimals than digits', () => {
  assert.throws(() => table([{ a: 1 }], Object({ shema: {} })), { code: 'invalid', message: /"shema"/, remedy: /schema/ })
  for (const type of ['timestamp[ms, Nowhere/Land]', 'decimal(5,9)'])
    assert.throws(() => table([], { schema: { a: type } }), { code: 'invalid' }, type)
  table([], { schema: { a: 'timestamp[ms, +05:30]', b: 'timestamp[us, Europe/Berlin]', c: 'decimal(5,5)' } })
})

test('A1 the error that lists the tables of a checkpoint knows those in Maps, by paths that can be given', async t => {
  const { folder, store } = await storeOfTest(t)
  const one = () => table([{ a: 1 }])
  await store.save({ id: 'many', value: { deep: [{ t: one() }], m: new Map([['k', one()]]) } })
  const error = await store.exportTo(join(folder, 'x.csv'), 'many').then(
    () => assert.fail('it was exported'),
    (thrown: unknown) => Object(thrown),
  )
  assert.match(error.message, /holds 2 tables: deep\[0\]\.t, m\[map key "k"\]/)
  for (const [at, inside] of error.details.paths.entries())
    await store.exportTo(join(folder, `${at}.csv`), 'many', { path: inside })
})

test('A1 paths lead into a table of rows; at an Arrow table they end with a word', async t => {
  const { store } = await storeOfTest(t)
  const rows = () => table([{ price: 1 }, { price: 2.5, at: { place: 'x' } }])
  await store.save({ id: 'rows', value: rows() })
  await store.save({ id: 'inside', value: { tables: { prices: rows() }, text: 'x'.repeat(200_000) } })
  await store.save({ id: 'arrow', value: { t: table(tableFromArrays({ a: [1] })) } })
  assert.equal((await store.load('rows', { path: '[1].price' })).value, 2.5)
  assert.equal((await store.load('inside', { path: 'tables.prices[1].at.place' })).value, 'x')
  assert.deepEqual((await store.load('inside', { path: 'tables.prices[0]' })).value, { price: 1 })
  for (const path of ['[2].price', '[0].at', '[0].constructor', 'length'])
    await assert.rejects(store.load('rows', { path }), { code: 'not_found' }, path)
  await assert.rejects(store.load('arrow', { path: 't[0].a' }), { code: 'invalid', message: /at which paths end/ })
})

test('A1 exportTo goes by the name of the file; columns of one name are refused for JSON lines in words of JSON', async t => {
  const { folder, store } = await storeOfTest(t)
  await store.save({ id: 'rows', value: table([{ a: 1 }]) })
  const first = async (name: string): Promise<string> => {
    await store.exportTo(join(folder, name), 'rows')
    return (await readFile(join(folder, name), 'latin1')).slice(0, 6)
  }
  assert.equal((await first('x.parquet')).slice(0, 4), 'PAR1')
  assert.equal(await first('x.csv'), 'a\n1\n')
  assert.equal(await first('x.json'), '[{"a":')
  const twice = new Table({ a: vectorFromArray([1]), b: vectorFromArray([2]) })
  Object.assign(twice.schema.fields[1] ?? {}, { name: 'a' })
  await store.save({ id: 'twice', value: table(twice) })
  await assert.rejects(store.exportTo(join(folder, 'x.jsonl'), 'twice'), {
    code: 'unsupported',
    message: /JSON object has each key once/,
  })
})

test('A1 an estimate of different values is at most the number of values', async t => {
  const { store } = await storeOfTest(t)
  for (const salt of [1, 2, 3, 4, 5, 6]) {
    const rows = Array.from({ length: 5_000 }, (_, at) => ({ id: at * 7919 + salt * 1_000_003 }))
    await store.save({ id: `ids-${salt}`, value: table(rows) })
    const { tables = [] } = await store.info(`ids-${salt}`)
    assert.ok((tables[0]?.facts.columns[0]?.distinct ?? 0) <= 5_000)
  }
})

test('A1 a schema in types of apache-arrow is refused in plain words that name the column', () => {
  const given = (schema: object): unknown => Reflect.apply(table, undefined, [[{ a: 1 }], { schema }])
  const cases = [
    [
      { a: new Int32() },
      /^the schema of a table names types of columns, but the column "a" is given as a type of apache-arrow \(Int32\)$/,
    ],
    [new Schema([new Field('a', new Int32())]), /but it is a Schema of apache-arrow$/],
    [{ a: 5 }, /but the column "a" is given as 5$/],
    [{ a: { kind: 'integer' } }, /^the schema gives column "a" a type that cannot be: a type that there is not$/],
  ] as const
  for (const [schema, message] of cases) assert.throws(() => given(schema), { code: 'invalid', message, remedy: /utf8/ })
})
