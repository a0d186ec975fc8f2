import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tableFromArrays } from 'apache-arrow'
import { isWaymarkError, pipeline, type RunEvent, table } from 'waymark'
import { decodeElements, readElements } from '../../src/format/decode-value.ts'
import { encodeValue } from '../../src/format/encode-value.ts'
import { withStore } from './with-store.ts'

const pricesOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    day: new Date(Date.UTC(2026, 0, 1) + index * 86_400_000),
    ticker: ['SAP', 'ALV', 'BMW'][index % 3] ?? '',
    price: 100 + Math.sin(index),
    volume: index * 1_000,
    ...(index % 10 === 0 ? { note: index % 20 === 0 ? undefined : null } : {}),
  }))

test('[A1 A14] a table alone or at any depth of a value is loaded as it was given, and its record tells its facts', async () => {
  await withStore(async store => {
    const prices = table(pricesOf(250))
    const alone = await store.save({ value: prices, stage: 'prices' })
    const deep = await store.save({ value: { run: 'x', parts: [{ prices }, new Map([['a', table([{ n: 1n }])]])] } })
    assert.deepEqual((await store.load(alone.id)).value, pricesOf(250))
    assert.deepStrictEqual((await store.load(alone.id)).value, pricesOf(250))
    assert.deepStrictEqual((await store.load(deep.id)).value, {
      run: 'x',
      parts: [{ prices: pricesOf(250) }, new Map([['a', [{ n: 1n }]]])],
    })
    assert.deepStrictEqual((await store.load(deep.id, { path: 'parts[0].prices' })).value, pricesOf(250))
    const { tables } = await store.info(alone.id)
    assert.deepEqual(
      (await store.info(deep.id)).tables?.map(({ path, form }) => [path, form]),
      [
        ['parts[0].prices', 'rows'],
        ['parts[1][map key "a"]', 'rows'],
      ],
    )
    assert.equal(tables?.[0]?.path, '')
    assert.match(tables?.[0]?.digest ?? '', /^[0-9a-f]{64}$/)
    assert.equal(Object(tables?.[0]?.facts).rows, 250)
  })
})

test('[A1] a loaded table is a table again: saved anew it is the same bytes, and with its schema', async () => {
  await withStore(async store => {
    const rows = table([{ id: 1, at: new Date(0), total: '12.50' }], {
      schema: { id: 'int64', at: 'timestamp[us, Europe/Berlin]', total: 'decimal(12,2)', empty: 'utf8' },
    })
    const first = await store.save({ value: { rows } })
    const again = await store.save({ value: (await store.load(first.id)).value })
    assert.equal(again.digest, first.digest)
    assert.deepEqual(again.tables, first.tables)
    const none = await store.save({ value: table([], { schema: { id: 'int64' } }) })
    assert.deepEqual((await store.load(none.id)).value, [])
    assert.equal(Object(none.tables?.[0]?.facts).columns[0].name, 'id')
    assert.equal((await store.save({ value: (await store.load(none.id)).value })).digest, none.digest)
  })
})

test('[A1] an Arrow table comes back as one, and is refused without its mark, naming table()', async () => {
  await withStore(async store => {
    const arrow = tableFromArrays({ a: Int32Array.of(1, 2, 3), b: ['x', null, 'z'] })
    const { id } = await store.save({ value: { arrow: table(arrow) } })
    const { value } = await store.load(id)
    const loaded = Object(value).arrow
    assert.deepEqual(loaded.toArray().map(String), arrow.toArray().map(String))
    assert.equal(String(loaded.schema), String(arrow.schema))
    await store.save({ value: loaded })
    const other = tableFromArrays({ a: Int32Array.of(1) })
    await assert.rejects(store.save({ value: { other } }), error => {
      assert.ok(isWaymarkError(error, 'invalid'))
      assert.match(error.message, /other/)
      assert.match(error.remedy, /table\(value\)/)
      return true
    })
  })
})

test('[A1 X6] every way to save treats a table as one value: in slices, by reference, and patched', async () => {
  await withStore(async store => {
    const prices = table(pricesOf(3_000))
    const state = { parts: [{ prices }, { prices: table(pricesOf(2)) }], note: 'a'.repeat(40_000) }
    const plain = await store.save({ value: state })
    const sliced = await store.save({ value: state, mode: 'cooperative' })
    assert.equal(sliced.digest, plain.digest)
    assert.deepEqual(sliced.tables, plain.tables)
    for (const value of [state, state, { ...state, more: 1, parts: [1, { deeper: state.parts }] }]) {
      const saved = await store.save({ value, mode: 'immutable' })
      assert.deepStrictEqual((await store.load(saved.id)).value, value)
      const same = await store.save({ value, full: true })
      assert.deepEqual(saved.tables, same.tables)
    }
    const patched = await store.patch(plain.id, {
      set: { added: { deep: table(pricesOf(9)) }, note: 'short' },
      remove: ['parts[0]'],
    })
    const expected = { parts: [{ prices: pricesOf(2) }], note: 'short', added: { deep: pricesOf(9) } }
    assert.deepStrictEqual((await store.load(patched.id)).value, expected)
    assert.deepEqual(
      patched.tables?.map(({ path, facts }) => [path, Object(facts).rows]),
      [
        ['parts[0].prices', 2],
        ['added.deep', 9],
      ],
    )
    assert.deepEqual(new Set(patched.tables?.map(({ digest }) => digest)).size, 2)
    await assert.rejects(store.patch(plain.id, { set: { 'parts[0].prices[0]': 1 } }), error => isWaymarkError(error))
  })
})

test('[A1] a stage and the results of items keep tables, and a pass over items takes the rows of a stage', async () => {
  await withStore(async store => {
    let calls = 0
    const work = pipeline('tables', async run => {
      const rows = run.stage('rows', () => {
        calls++
        return table(pricesOf(6))
      })
      const seen = await run.each('seen', rows, row => table([{ ticker: row.ticker, count: 1 }]))
      if (calls === 1) {
        calls++
        throw new Error('once')
      }
      return { rows: await rows, seen: await seen.results().toArray() }
    })
    const told: RunEvent[] = []
    await assert.rejects(work.run({}, { store, onEvent: event => told.push(event) }))
    const completed = told.find(event => event.type === 'stage.completed')
    assert.equal(completed?.type === 'stage.completed' && Object(completed.checkpoint?.tables?.[0]?.facts).rows, 6)
    const { value } = await work.run({}, { store })
    assert.equal(calls, 2)
    assert.deepStrictEqual(value?.rows, pricesOf(6))
    assert.deepStrictEqual(
      value?.seen,
      pricesOf(6).map(({ ticker }) => [{ ticker, count: 1 }]),
    )
    const [stage] = await store.list({ where: { stage: 'rows' } })
    assert.equal(Object(stage?.tables?.[0]?.facts).rows, 6)
  })
})

test('[A1] the rows of a stored table can be read one by one, like the elements of any array', () => {
  const bytes = encodeValue(table(pricesOf(5)))
  assert.deepStrictEqual([...decodeElements(bytes)], pricesOf(5))
  const reader = readElements(bytes)
  reader.skip(3)
  assert.deepStrictEqual([reader.count, reader.next()], [5, pricesOf(5)[3]])
})

test('[A2] a table whose content is not what was hashed is corrupt at the load, and the last good checkpoint is named', async () => {
  await withStore(async store => {
    const arrow = () => tableFromArrays({ n: Float64Array.from({ length: 20_000 }, (_, index) => index) })
    const good = await store.save({ value: { rows: table(arrow()) }, stage: 's' })
    const changing = arrow()
    const values: unknown = changing.getChildAt(0)?.data[0]?.values
    // Against the promise of the mode: what was hashed and what is kept are then two things.
    const saving = store.save({
      value: { rows: table(changing), more: Array.from({ length: 50_000 }, String) },
      stage: 's',
      mode: 'cooperative',
    })
    if (values instanceof Float64Array) values[7] = -1
    const bad = await saving
    await assert.rejects(store.load(bad.id), error => {
      assert.ok(isWaymarkError(error, 'corrupt'))
      assert.match(error.message, /a table whose content is another/)
      assert.equal(error.details['lastGood'], good.id)
      return true
    })
    assert.ok((await store.verify()) !== undefined)
  })
})

test('[A1] a table that was exported and imported is described as before', async () => {
  await withStore(async (store, folder) => {
    const { id, tables } = await store.save({ value: { rows: table(pricesOf(300)) } })
    const file = join(folder, 'prices.wmk')
    await store.exportTo(file, id)
    const imported = await store.importFrom(file, { id: 'again' })
    assert.deepEqual(imported.tables, tables)
    assert.deepStrictEqual((await store.load('again')).value, { rows: pricesOf(300) })
  })
})

test('[A1] metadata that is marked as a table is kept as the list it is: an older version reads the records', async () => {
  await withStore(async (store, folder) => {
    const metadata = { rows: table([{ a: 1 }]) }
    const { id } = await store.save({ value: 1, metadata })
    await store.save({ value: metadata })
    assert.deepEqual((await store.info(id)).metadata, { rows: [{ a: 1 }] })
    const segments = join(folder, '.waymark', 'segments')
    const log = Buffer.concat(readdirSync(segments).map(name => readFileSync(join(segments, name))))
    const tag = Buffer.from([0xda, 0x57, 0x4d, 0x4b, 0x07])
    assert.equal(log.toString('latin1').split(tag.toString('latin1')).length - 1, 1)
  })
})
