import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { isWaymarkError, type Store, table } from 'waymark'
import { csvColumnKind } from '../../src/outputs/csv-column-kind.ts'
import { storeOfTest } from '../engine/store-of-test.ts'

async function storeIn(t: TestContext): Promise<{ store: Store; path: string }> {
  const { store, folder } = await storeOfTest(t)
  return { store, path: join(folder, 'x.csv') }
}

async function importedRows(store: Store, path: string, text: string): Promise<unknown> {
  await writeFile(path, text)
  return (await store.load((await store.importFrom(path)).id)).value
}

const csvOf = async (store: Store, id: string): Promise<string> => (await buffer(store.export(id, { format: 'csv' }))).toString()

test('A1 a CSV file keeps the order of its columns, also of those named by numbers, and after it was loaded and saved again', async t => {
  const { store, path } = await storeIn(t)
  const text = 'name,2021,2020\nx,1,2\n'
  await writeFile(path, text)
  const { id } = await store.importFrom(path)
  assert.equal(await csvOf(store, id), text)
  await store.save({ id: 'again', value: (await store.load(id)).value })
  assert.equal(await csvOf(store, 'again'), text)
})

test('A1 numbers of a CSV file that a float would round to another or to 0 stay text', async t => {
  const { store, path } = await storeIn(t)
  assert.deepEqual(await importedRows(store, path, 'a,b,c,d,e\n1e-400,4e-324,5e-324,0.0,2.5e-300\n'), [
    { a: '1e-400', b: '4e-324', c: 5e-324, d: '0.0', e: 2.5e-300 },
  ])
})

test('A1 a text of a CSV file becomes a number only if the number prints that text: 1e5, 1.10 and 007 stay text', async t => {
  const { store, path } = await storeIn(t)
  assert.deepEqual(await importedRows(store, path, 'a,b,c,d,e\n1e5,1.10,007,12,-0.5\n1,2.5,8,-3,-0\n'), [
    { a: '1e5', b: '1.10', c: '007', d: 12n, e: -0.5 },
    { a: '1', b: '2.5', c: '8', d: -3n, e: -0 },
  ])
  const number = fc.double({ noNaN: true }).map(value => (Object.is(value, -0) ? '-0' : String(value)))
  const digits = fc.stringMatching(/^-?[0-9]{1,12}(\.[0-9]{0,12})?(e[0-9]{1,2})?$/)
  fc.assert(
    fc.property(fc.oneof(number, digits), text => {
      const kind = csvColumnKind([text])
      const value = kind?.value(text)
      const printed = Object.is(value, -0) ? '-0' : String(value)
      const isExact = String(Number(text)) === text || text === '-0' || /^-?[1-9]\d{0,17}$/.test(text)
      assert.equal(kind !== undefined, isExact, text)
      if (kind !== undefined) assert.equal(printed, text)
    }),
    { numRuns: 2_000 },
  )
})

test('A1 the type of a column of a CSV file can be named, and what is not of it is refused by row and column', async t => {
  const { store, path } = await storeIn(t)
  await writeFile(path, 'id,price,zip,size,at\n1,12.50,00501,1e5,2024-01-02 10:00\n2,3.10,10001,,2024-01-02T10:00:01.5Z\n')
  const schema = { price: 'decimal(12,2)', zip: 'utf8', size: 'float64', at: 'timestamp[ms]', id: 'int32' }
  const { id, tables } = await store.importFrom(path, { schema })
  assert.deepEqual((await store.load(id)).value, [
    { id: 1n, price: '12.50', zip: '00501', size: 100_000, at: new Date('2024-01-02T10:00Z') },
    { id: 2n, price: '3.10', zip: '10001', size: null, at: new Date('2024-01-02T10:00:01.5Z') },
  ])
  assert.equal(tables?.length, 1)
  const refused: readonly (readonly [Record<string, string>, string, RegExp])[] = [
    [{ pric: 'utf8' }, 'invalid', /no column "pric"; did you mean price\?$/],
    [{ at: 'int32' }, 'invalid', /row 1: the column "at" holds "2024-01-02 10:00", which is not of the type int32$/],
    [{ zip: 'list<utf8>' }, 'unsupported', /column "zip" is to be of the type list<utf8>/],
    [{ zip: 'texts' }, 'invalid', /^"texts" is no type/],
  ]
  for (const [wrong, code, message] of refused)
    await assert.rejects(store.importFrom(path, { schema: wrong }), { code, message, means: 'Nothing was saved.' })
  await assert.rejects(store.importFrom(path, { schema, format: 'raw' }), { code: 'invalid', message: /read as raw/ })
  assert.equal((await store.list()).length, 1)
})

test('A1 empty texts and nulls come back from our own CSV as what they were, also in a table of one column', async t => {
  const { store, path } = await storeIn(t)
  const texts = ['', null, 'x', 'a,"b"', null]
  for (const rows of [texts.map(a => ({ a })), texts.map(a => ({ a, n: 1n }))]) {
    const { id } = await store.save({ value: table(rows) })
    assert.deepEqual(await importedRows(store, path, await csvOf(store, id)), rows)
  }
})

test('A1 a CSV file with every field in quotes has nulls where these are empty', async t => {
  const { store, path } = await storeIn(t)
  assert.deepEqual(await importedRows(store, path, '"n","t"\n"1",""\n"","x"\n'), [
    { n: 1n, t: null },
    { n: null, t: 'x' },
  ])
})

test('A1 a row of a CSV file of one column that cannot be read is named by its line, empty ones counted', async t => {
  const { store, path } = await storeIn(t)
  await writeFile(path, '\na\n\n1\n2,3\n')
  await assert.rejects(store.importFrom(path), { code: 'invalid', message: /line 5 is not a CSV row/ })
})

test('A1 an import that cannot read a CSV file speaks of the file, not of the items of a pipeline', async t => {
  const { store, path } = await storeIn(t)
  for (const text of ['a,b\n1,2,3\n', 'a,a\n1,2\n', 'a,b\n"1"x,2\n']) {
    await writeFile(path, text)
    await assert.rejects(store.importFrom(path), (error: unknown) => {
      assert.ok(isWaymarkError(error, 'invalid'), String(error))
      assert.equal(error.means, 'Nothing was saved.')
      assert.doesNotMatch(`${error.message} ${error.remedy}`, /csv\(|`delimiter`|[Ii]tem/)
      return true
    })
  }
})

test('A1 a CSV file with another sign than commas between its fields is refused, not saved as one column, unless that column is named', async t => {
  const { store, path } = await storeIn(t)
  for (const sign of [';', '\t', '|']) {
    await writeFile(path, `a${sign}b\n1${sign}2\n`)
    await assert.rejects(store.importFrom(path), {
      code: 'invalid',
      message: /between its fields, it seems/,
      remedy: /--column 'a/,
    })
    const { id } = await store.importFrom(path, { schema: { [`a${sign}b`]: 'utf8' } })
    assert.deepEqual((await store.load(id)).value, [{ [`a${sign}b`]: `1${sign}2` }])
  }
  assert.deepEqual(await importedRows(store, path, 'a\n1;2\n'), [{ a: '1;2' }])
})

test('A1 a column that a later import would refuse is refused where it would be exported', async t => {
  const { store } = await storeIn(t)
  const cases: readonly (readonly ['csv' | 'parquet', string])[] = [
    ['csv', '[{"__proto__":1}]'],
    ['parquet', '[{"__proto__":1}]'],
    ['parquet', '[{"s":{"__proto__":1}}]'],
  ]
  for (const [format, json] of cases) {
    const { id } = await store.save({ value: table(JSON.parse(json)) })
    const read = async (): Promise<void> => {
      for await (const _ of store.export(id, { format }));
    }
    await assert.rejects(read(), { code: 'unsupported', message: /__proto__/ }, `${format} ${json}`)
  }
})
