import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RecordBatch, Table, tableFromArrays, tableFromIPC, tableToIPC } from 'apache-arrow'
import { isWaymarkError, pipeline, type Store, TableStream, table } from 'waymark'
import { coreOf } from '../../src/engine/store.ts'
import { tableStreamContent } from '../../src/engine/table-stream-content.ts'
import { rowsPerBatch } from '../../src/tables/table-from-rows.ts'
import { withStore } from './with-store.ts'

const rowAt = (index: number) => ({
  id: index,
  name: index % 7 === 0 ? null : `customer ${index % 500}`,
  at: new Date(1_700_000_000_000 + index * 1_000),
  ...(index % 1000 === 1 ? {} : { paid: index % 3 === 0 }),
})
const schema = { id: 'int32', name: 'utf8', at: 'timestamp[ms]', paid: 'bool' }

function* rowsOf(count: number) {
  for (let index = 0; index < count; index++) yield rowAt(index)
}

async function* laterRowsOf(count: number) {
  yield* rowsOf(count)
}

async function loaded(store: Store, id: string): Promise<TableStream<object>> {
  const { value } = await store.load(id)
  assert.ok(value instanceof TableStream)
  return value
}

async function all<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const found: Row[] = []
  for await (const row of rows) found.push(row)
  return found
}

const bytesOf = async (store: Store, id: string) => Buffer.concat(await all(store.loadBytes(id)))

const refused =
  (code: 'invalid' | 'corrupt', message: RegExp) =>
  (error: unknown): boolean =>
    isWaymarkError(error, code) && message.test(error.message)

test('[A1 A2 A14] rows that come one by one are kept as the same bytes, with the same hash and facts, as in memory, and come back in any number of passes', () =>
  withStore(async store => {
    const count = rowsPerBatch + 2_000
    const whole = await store.save({ value: table([...rowsOf(count)], { schema }) })
    const stream = await store.save({ value: table(laterRowsOf(count), { schema }) })
    assert.equal(stream.tables?.[0]?.streamed, true)
    assert.equal(stream.tables?.[0]?.digest, whole.tables?.[0]?.digest)
    assert.deepEqual(stream.tables?.[0]?.facts, whole.tables?.[0]?.facts)
    assert.ok((await bytesOf(store, stream.id)).equals(await bytesOf(store, whole.id)))
    assert.ok(stream.storedBytes < whole.storedBytes / 50, `${stream.storedBytes} of ${whole.storedBytes} bytes stored anew`)
    const rows = await loaded(store, stream.id)
    assert.equal(rows.rowCount, count)
    assert.deepEqual(rows.facts, whole.tables?.[0]?.facts)
    const first = await all(rows)
    const places = [0, 1, 999, rowsPerBatch - 1, rowsPerBatch, count - 1]
    assert.deepStrictEqual(
      places.map(at => first[at]),
      places.map(rowAt),
    )
    assert.equal((await all(rows)).length, count)
    assert.equal((await store.save({ value: table(first, { schema }) })).digest, whole.digest)
    const again = await store.save({ value: rows })
    assert.equal(again.digest, stream.digest)
    assert.deepEqual(Object(await store.diff(stream.id, whole.id)).content, { form: 'same', by: 'table' })
  }))

test('A1 without a schema a stream has the columns of its first rows; none at all is a table without rows', () =>
  withStore(async store => {
    const saved = await store.save({ value: table(new Set(rowsOf(100))) })
    assert.deepEqual(
      saved.tables?.[0]?.facts.columns.map(({ name, type }) => `${name} ${type}`),
      ['id int32', 'name utf8', 'at timestamp[ms]', 'paid bool'],
    )
    assert.deepStrictEqual(await all(await loaded(store, saved.id)), [...rowsOf(100)])
    const none = await store.save({ value: table(rowsOf(0), { schema }) })
    assert.deepEqual(await all(await loaded(store, none.id)), [])
    assert.equal(none.tables?.[0]?.digest, (await store.save({ value: table([], { schema }) })).tables?.[0]?.digest)
  }))

test('A1 a row may be filled anew as soon as the next is asked for, with all that is in it', () =>
  withStore(async store => {
    const row = { n: 0, list: [0], inner: { at: new Date(0) }, bytes: Buffer.from([0]) }
    function* same() {
      for (let n = 0; n < 5; n++) {
        row.n = n
        row.list[0] = n
        row.inner.at.setTime(n)
        row.bytes[0] = n
        yield row
      }
    }
    const { id } = await store.save({ value: table(same()) })
    const expected = [0, 1, 2, 3, 4].map(n => ({ n, list: [n], inner: { at: new Date(n) }, bytes: Buffer.from([n]) }))
    assert.deepStrictEqual(await all(await loaded(store, id)), expected)
  }))

test('A1 the source of a stream is asked for the next batch only when the one before is taken', () =>
  withStore(async store => {
    let asked = 0
    function* counted() {
      for (const row of rowsOf(3 * rowsPerBatch)) {
        asked++
        yield row
      }
    }
    const content = tableStreamContent(coreOf(store), table(counted(), { schema }))
    assert.ok(content !== undefined)
    const pieces = content.pieces[Symbol.asyncIterator]()
    assert.equal((await pieces.next()).done, false)
    assert.equal(asked, rowsPerBatch)
    await pieces.return?.()
    assert.equal(asked, rowsPerBatch)
  }))

test('A1 a source that fails leaves the state before, closes, and its own error is told; nothing lies about', () =>
  withStore(async (store, folder) => {
    const before = await store.save({ value: table(rowsOf(10)), stage: 's' })
    const broken = new Error('the server is gone')
    let isClosed = false
    async function* failing() {
      try {
        yield* laterRowsOf(rowsPerBatch + 10)
        throw broken
      } finally {
        isClosed = true
      }
    }
    await assert.rejects(store.save({ value: table(failing()), stage: 's' }), error => error === broken)
    assert.ok(isClosed)
    async function* wrong() {
      try {
        yield* laterRowsOf(rowsPerBatch + 10)
        yield { ...rowAt(1), id: 0.5 }
        yield* laterRowsOf(rowsPerBatch)
      } finally {
        isClosed = true
      }
    }
    isClosed = false
    await assert.rejects(store.save({ value: table(wrong()), stage: 's' }), refused('invalid', /0\.5, column "id" of row 65546/))
    assert.ok(isClosed)
    assert.deepEqual(
      (await store.list()).map(({ id }) => id),
      [before.id],
    )
    assert.deepEqual(
      readdirSync(join(folder, '.waymark')).filter(name => name.startsWith('scratch')),
      [],
    )
  }))

test('A1 what cannot be a stream of rows, or is one for the second time, or a part of a value, is refused', () =>
  withStore(async store => {
    const once = table(rowsOf(3))
    await store.save({ value: once })
    await assert.rejects(store.save({ value: once }), refused('invalid', /given them once before/))
    await assert.rejects(
      store.save({ value: { part: table(rowsOf(3)) } }),
      refused('invalid', /Cannot store part: .*whole value/),
    )
    await assert.rejects(store.save({ value: table([1, 2].values() as Iterable<never>) }), refused('invalid', /row 0 is 1/))
    assert.throws(() => table(new Map([[{}, {}]]) as Iterable<never>), refused('invalid', /cannot take Map/))
    const withGetter = Object.defineProperty({}, 'n', { get: () => 1, enumerable: true })
    await assert.rejects(store.save({ value: table(new Set([withGetter])) }), refused('invalid', /row 0 has an accessor/))
  }))

test('A1 batches of Arrow come back as batches, whatever becomes of their memory and of their dictionaries', () =>
  withStore(async store => {
    const batchOf = (from: number) => {
      const numbers = Float64Array.from({ length: 10_000 }, (_, at) => from + at)
      const made = tableFromArrays({ n: numbers, city: Array.from(numbers, n => (n % 2 === 0 ? 'Rome' : `Oslo ${from}`)) })
      return { made, numbers }
    }
    const given = [0, 10_000, 20_000].map(batchOf)
    const whole = given.map(({ made }) => tableFromIPC(tableToIPC(made)))
    async function* batches() {
      for (const { made } of given) {
        const [batch] = made.batches
        assert.ok(batch)
        yield batch
        // Its memory is used for something else.
        for (const child of batch.data.children) new Uint8Array(child.values.buffer).fill(0xff)
      }
    }
    const saved = await store.save({ value: table(batches()) })
    assert.equal(saved.tables?.[0]?.form, 'arrow')
    const found = await all(await loaded(store, saved.id))
    assert.ok(found.every(batch => batch instanceof RecordBatch))
    const back = new Table(found as RecordBatch[])
    for (const name of ['n', 'city'])
      assert.equal([...(back.getChild(name) ?? [])].join(), whole.flatMap(one => [...(one.getChild(name) ?? [])]).join())
    await assert.rejects(
      store.save({ value: table(new Set([batchOf(0).made.batches[0] ?? {}, { n: 1 }])) }),
      refused('invalid', /is none/),
    )
    await assert.rejects(
      store.save({ value: table(new Set([batchOf(0).made, tableFromArrays({ other: [1] })])) }),
      refused('invalid', /batch 1 has other columns/),
    )
  }))

test('A1 batches of a few rows wait to be kept in memory of their size, not in that of large ones', () =>
  withStore(async store => {
    const few = Array.from({ length: 100 }, (_, batch) => tableFromArrays({ n: Int32Array.of(batch), name: [`row ${batch}`] }))
    const content = tableStreamContent(coreOf(store), table(few.values()))
    const held = new Set<ArrayBufferLike>()
    for await (const piece of content?.pieces ?? []) if (piece.kind !== 'known') held.add(piece.bytes.buffer)
    const bytes = [...held].reduce((sum, { byteLength }) => sum + byteLength, 0)
    assert.ok(held.size > 0 && bytes < 2 ** 20, `${bytes} bytes for 100 rows`)
  }))

test('A1 a stage can give a stream: it is recorded once, awaited, gone through element by element and item by item', () =>
  withStore(async store => {
    let calls = 0
    const seen: number[] = []
    const work = pipeline('streamed', async run => {
      const rows = run.stage('rows', () => {
        calls++
        return table(laterRowsOf(2_500), { schema })
      })
      const done = await run.each('ids', rows, row => {
        seen.push(Number(row.id))
      })
      let streamed = 0
      for await (const row of rows.stream()) streamed += Number(row.id >= 0)
      const value = await rows
      if (seen.length === 2_500 && calls === 1) throw new Error('once more')
      return { done: done.done, rowCount: value.rowCount, last: (await all(value)).at(-1)?.id, streamed }
    })
    await assert.rejects(work.run({}, { store, runId: 'r' }), /once more/)
    calls++
    const { value } = await work.run({}, { store, runId: 'r' })
    assert.deepEqual(value, { done: 2_500, rowCount: 2_500, last: 2_499, streamed: 2_500 })
    assert.equal(calls, 2)
    assert.equal(seen.length, 2_500)
  }))

test('A1 a stream is exported in every form, asked in SQL, shown by path and compared like the table in memory', () =>
  withStore(async (store, folder) => {
    const rows = [...rowsOf(3_000)]
    const whole = await store.save({ value: table(rows, { schema }) })
    const stream = await store.save({ value: table(rowsOf(3_000), { schema }) })
    for (const format of ['parquet', 'csv', 'arrow', 'jsonl'] as const) {
      const [one, other] = [join(folder, `a.${format}`), join(folder, `b.${format}`)]
      await store.exportTo(one, stream.id, { format })
      await store.exportTo(other, whole.id, { format })
      assert.ok(readFileSync(one).equals(readFileSync(other)), format)
    }
    await store.exportTo(join(folder, 'a.json'), stream.id, { format: 'json', lossy: true })
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')), JSON.parse(JSON.stringify(rows)))
    const asked = await store.query(`select count(*) as n, sum(id) as s from checkpoint('${stream.id}')`)
    assert.deepEqual(
      asked.objects(1).map(row => Object.values(row).map(Number)),
      [[3_000, 4_498_500]],
    )
    assert.equal((await store.load(stream.id, { path: '[2999].id' })).value, 2_999)
    await assert.rejects(store.load(stream.id, { path: '[3000].id' }), error => isWaymarkError(error, 'not_found'))
    assert.deepEqual((await all(store.loadRows(stream.id))).length, 3_000)
    const changed = await store.save({
      value: table(rows.map(row => (row.id === 5 ? { ...row, paid: null } : row)).values(), { schema }),
    })
    const { content } = Object(await store.diff(stream.id, changed.id, { arrayKey: 'id' }))
    assert.equal(content.form, 'rows')
    assert.equal(content.changed, 1)
    await store.exportTo(join(folder, 'a.wmk'), stream.id)
    const imported = await store.importFrom(join(folder, 'a.wmk'))
    assert.deepStrictEqual(await all(await loaded(store, imported.id)), rows)
  }))

test('A2 damage in a stream is found when it is reached: the rows before it are right, and none after it are given', () =>
  withStore(async (store, folder) => {
    const good = await store.save({ value: table(rowsOf(1_000), { schema }), stage: 's' })
    const { id } = await store.save({ value: table(laterRowsOf(2 * rowsPerBatch), { schema }), stage: 's', full: true })
    const packs = join(folder, '.waymark', 'packs')
    const files = readdirSync(packs, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
    for (const { parentPath, name } of files) {
      const bytes = readFileSync(join(parentPath, name))
      const at = Math.floor(bytes.length * 0.7)
      bytes[at] = (bytes[at] ?? 0) ^ 1
      writeFileSync(join(parentPath, name), bytes)
    }
    let right = 0
    const read = async () => {
      for await (const row of await loaded(store, id)) assert.equal(Object(row).id, right++)
    }
    await assert.rejects(
      read(),
      error => isWaymarkError(error, 'corrupt') && error.remedy.includes(good.id) && error.details['lastGood'] === good.id,
    )
    assert.ok(right < 2 * rowsPerBatch)
  }))

test('A1 a stream of rows is saved and read in memory that would not hold them', { timeout: 120_000 }, () =>
  withStore(async (_store, folder) => {
    const script = join(folder, 'many.ts')
    const source = import.meta.resolve('waymark')
    writeFileSync(
      script,
      `import { open, table } from ${JSON.stringify(source)}
      const text = index => 'row ' + index + ' '.repeat(150)
      function* rows() { for (let index = 0; index < 200_000; index++) yield { id: index, a: text(index), b: text(-index), c: index / 3 } }
      const store = await open(${JSON.stringify(join(folder, 'many'))})
      const { id } = await store.save({ value: table(rows()) })
      let count = 0
      for await (const row of (await store.load(id)).value) if (row.id === count && row.a === text(count)) count++
      console.log(count)
      await store.close()`,
    )
    // All rows at once take some 100 MB beside all else; those of the first batch, which decide the types, 33.
    const args = ['--conditions=waymark-source', '--max-old-space-size=88', '--max-semi-space-size=8', script]
    const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    assert.equal(stdout.trim(), '200000', stderr)
  }),
)
