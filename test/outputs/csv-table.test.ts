import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open, type Store, table } from 'waymark'

async function storeIn(t: TestContext): Promise<{ store: Store; path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-csv-'))
  const store = await open({ path: join(folder, '.waymark') })
  t.after(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })
  return { store, path: join(folder, 'x.csv') }
}

async function importedRows(store: Store, path: string, text: string): Promise<unknown> {
  await writeFile(path, text)
  return (await store.load((await store.importFrom(path)).id)).value
}

async function csvOf(store: Store, id: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.export(id, { format: 'csv' })) pieces.push(piece)
  return Buffer.concat(pieces).toString()
}

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
    { a: '1e-400', b: '4e-324', c: 5e-324, d: 0, e: 2.5e-300 },
  ])
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
