import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import type { OutputPosition } from '../../src/model/output-position.ts'
import type { ItemOutput } from '../../src/outputs/item-target.ts'
import { type ParquetOptions, parquet } from '../../src/outputs/parquet-file.ts'
import { complete, noProgress, outputContext, outputItem, save } from './output-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

type Row = Readonly<Record<string, unknown>>

/** A folder of parts that attempt after attempt writes. */
async function world(context: TestContext, options: ParquetOptions<Row> = {}) {
  const baseDirectory = await temporaryFolder(context)
  const folder = `${baseDirectory}/out`
  return {
    baseDirectory,
    folder,
    async attempt(token: number, position?: OutputPosition, changed: ParquetOptions<Row> = options) {
      const target = parquet<Row>('out', changed)
      const facts = outputContext(baseDirectory, { token })
      const opened = await target.open(facts, position ?? (await target.begin(facts)))
      context.after(() => opened.output.close())
      return { ...opened, target }
    },
    read: () => rowsOf(baseDirectory),
    visible: async () => (await readdir(folder)).filter(name => !name.startsWith('.')),
    hidden: async () => (await readdir(folder)).filter(name => name.startsWith('.')),
  }
}

async function rowsOf(baseDirectory: string, path = 'out', options: ParquetOptions<Row> = {}): Promise<Row[]> {
  const source = await parquet<Row>(path, options).open({ files: nodeFiles, baseDirectory, signal: new AbortController().signal })
  const rows: Row[] = []
  for await (const batch of source.batches()) for (const row of batch) rows.push(row as Row)
  assert.equal(rows.length, source.total)
  return rows
}

function addAll(output: ItemOutput, rows: readonly unknown[], from = 0): void {
  for (const [at, row] of rows.entries()) output.add(row, outputItem(from + at))
}

const numbered = (count: number, from = 0): { id: number; text: string }[] =>
  Array.from({ length: count }, (_, at) => ({ id: from + at, text: `row ${from + at}` }))

test('X3 A1 bigints beyond 2^53, bytes, nulls, times and nested values come back exactly', async context => {
  const { attempt, read, folder } = await world(context)
  const rows = [
    {
      flag: true,
      whole: 2 ** 53 - 1,
      real: -0,
      big: 2n ** 63n - 1n,
      text: '\uFEFFbegins with a mark, 😀',
      at: new Date(-1),
      bytes: new Uint8Array([0, 255, 128]),
      nested: { list: [1, null, { deep: 'x' }], empty: {} },
      nothing: null,
    },
    {
      flag: false,
      whole: -(2 ** 53 - 1),
      real: 0,
      big: -(2n ** 63n),
      text: '',
      at: new Date(8.64e15),
      bytes: new Uint8Array(),
      nested: [],
      nothing: null,
    },
    { flag: null, whole: null, real: Number.NaN, big: null, text: null, at: null, bytes: null, nested: null, nothing: null },
    {
      flag: true,
      whole: 0,
      real: Number.NEGATIVE_INFINITY,
      big: 0n,
      text: '\0',
      at: new Date(0),
      bytes: new Uint8Array(300),
      nested: { a: 1 },
      nothing: null,
    },
  ]
  const { output, target } = await attempt(1)
  addAll(output, rows)
  const position = await complete(output)
  assert.deepEqual(await read(), rows)
  const again: unknown[] = []
  assert.ok(target.results)
  for await (const row of target.results(outputContext(folder.slice(0, -4)), position)) again.push(row)
  assert.deepEqual(again, rows)
})

test('another reader of the library sees plain types: 64-bit integers, UTC times, text and JSON', async context => {
  const { attempt, folder } = await world(context)
  const { output } = await attempt(1)
  addAll(output, [{ id: 7, at: new Date(86_400_000), name: 'a', nested: { b: [1] }, big: 9_007_199_254_740_993n }])
  await complete(output)
  const bytes = await readFile(`${folder}/part-00001.parquet`)
  const buffer = Uint8Array.from(bytes).buffer
  const [row] = await parquetReadObjects({ file: buffer, compressors })
  assert.deepEqual(row, { id: 7n, at: new Date(86_400_000), name: 'a', nested: '{"b":[1]}', big: 9_007_199_254_740_993n })
  const types = parquetMetadata(buffer)
    .schema.slice(1)
    .map(({ type, logical_type }) => [type, logical_type?.type])
  assert.deepEqual(types, [
    ['INT64', undefined],
    ['INT64', 'TIMESTAMP'],
    ['BYTE_ARRAY', 'STRING'],
    ['BYTE_ARRAY', 'JSON'],
    ['INT64', undefined],
  ])
})

test('X3 any rows of declared columns come back exactly, in every compression', async context => {
  const columns = {
    b: 'BOOLEAN',
    i: 'INT32',
    n: 'INTEGER',
    l: 'INT64',
    d: 'DOUBLE',
    s: 'STRING',
    t: 'TIMESTAMP',
    x: 'BINARY',
    j: 'JSON',
  } as const
  const cell = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
  const row = fc.record(
    {
      b: cell(fc.boolean()),
      i: cell(fc.integer()),
      n: cell(fc.maxSafeInteger().map(value => value + 0)),
      l: cell(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
      d: cell(fc.oneof(fc.double(), fc.constantFrom(0, -0))),
      s: cell(fc.string({ unit: 'binary' })),
      t: cell(fc.date({ noInvalidDate: true })),
      x: cell(fc.uint8Array()),
      j: cell(fc.jsonValue({ maxDepth: 2 }).map(value => JSON.parse(JSON.stringify(value)))),
    },
    { noNullPrototype: true },
  )
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 60 }),
      fc.constantFrom('snappy', 'zstd', 'gzip', 'none'),
      async (rows, compression) => {
        const { attempt, read, visible } = await world(context, { columns, compression, rowsPerPart: 25 })
        const { output } = await attempt(++run)
        addAll(output, rows)
        await complete(output)
        assert.deepEqual(await read(), rows)
        assert.equal((await visible()).length, Math.max(1, Math.ceil(rows.length / 25)))
      },
    ),
    { numRuns: 40, seed: 4 },
  )
})

test('X3 a value that does not fit is invalid, names column and item, and leaves nothing behind', async context => {
  const { attempt, read } = await world(context)
  const { output } = await attempt(1)
  output.add({ id: 1, name: 'a', at: new Date(0), nested: { a: 1 } }, outputItem(0))
  const wrong: readonly (readonly [value: unknown, text: RegExp])[] = [
    [{ id: 'one' }, /column "id" of item k is the text "one", but INTEGER/],
    [{ id: 1n }, /column "id" of item k is the bigint 1n, but INTEGER/],
    [{ name: '\uD800' }, /"name" of item k is a text with half a surrogate pair/],
    [{ at: new Date(Number.NaN) }, /"at" of item k is an invalid Date/],
    [{ nested: { a: 1n } }, /"nested" of item k cannot be written: JSON cannot hold/],
    [{ nested: new Map() }, /"nested" of item k cannot be written: JSON cannot hold this item: a Map/],
    [{ fn: () => 1 }, /"fn" of item k is a function/],
    [{ big: 2n ** 63n }, /"big" of item k is the bigint 9223372036854775808n, which does not fit INT64/],
    [[1], /item k is an array, not an object/],
    [null, /item k is null/],
    ['text', /item k is the text "text"/],
    [new Date(), /item k is a Date/],
  ]
  for (const [value, text] of wrong) {
    assert.throws(
      () => output.add(value, outputItem(5, 'k')),
      error => isWaymarkError(error, 'invalid') && text.test(error.message),
      String(text),
    )
  }
  output.add({ id: 2, name: 'b' }, outputItem(1))
  await complete(output)
  assert.deepEqual(await read(), [
    { id: 1, name: 'a', at: new Date(0), nested: { a: 1 } },
    { id: 2, name: 'b', at: null, nested: null },
  ])
})

test('X3 columns are those of the first part: another one, or another type, is invalid afterwards', async context => {
  const { attempt, read } = await world(context, { rowsPerPart: 2 })
  const { output } = await attempt(1)
  addAll(output, [{ id: 1, late: null }, { id: 1.5 }])
  output.add({ id: 2, late: { any: 'thing' } }, outputItem(2))
  for (const value of [{ id: 3, extra: 1 }, { id: 'x' }]) {
    assert.throws(
      () => output.add(value, outputItem(3)),
      error => isWaymarkError(error, 'invalid'),
    )
  }
  const position = await save(output)
  await output.close()
  const second = await attempt(2, position)
  assert.throws(() => second.output.add({ id: 3, extra: 1 }, outputItem(3)), /"extra" of item 3 is in none of the parts before/)
  second.output.add({ late: 'text' }, outputItem(3))
  await complete(second.output)
  assert.deepEqual(await read(), [
    { id: 1, late: null },
    { id: 1.5, late: null },
    { id: 2, late: { any: 'thing' } },
    { id: null, late: 'text' },
  ])
})

test('X3 parts that count are never written again on resume', async context => {
  const { attempt, read, folder, visible, hidden } = await world(context, { rowsPerPart: 10 })
  const first = await attempt(1)
  addAll(first.output, numbered(25))
  const position = await save(first.output)
  await first.output.close()
  assert.deepEqual(await visible(), ['part-00001.parquet', 'part-00002.parquet'])
  const facts = async () =>
    Promise.all(
      ['part-00001.parquet', 'part-00002.parquet'].map(async name => {
        const { ino, mtimeMs, ctimeMs } = await stat(`${folder}/${name}`)
        return { ino, mtimeMs, ctimeMs, bytes: await readFile(`${folder}/${name}`, 'hex') }
      }),
    )
  const before = await facts()
  const second = await attempt(2, position)
  addAll(second.output, numbered(8, 25), 25)
  await complete(second.output)
  assert.deepEqual(await facts(), before)
  assert.deepEqual(await read(), numbered(33))
  assert.equal((await visible()).length, 4)
  assert.deepEqual(await hidden(), [])
})

test('X3 a pass that begins again in the same attempt leaves the pending rows that count whole until others do', async context => {
  const { attempt, read, folder, hidden } = await world(context, { rowsPerPart: 10 })
  const first = await attempt(1)
  addAll(first.output, numbered(5))
  const counted = await save(first.output)
  await first.output.close()
  assert.ok(counted.kind === 'parts' && counted.pending !== undefined)
  const pending = () => readFile(`${folder}/${counted.pending?.path}`, 'utf8')
  const before = await pending()
  const again = await attempt(1, counted)
  for (let from = 5; from < 20; from += 3) {
    addAll(again.output, numbered(3, from), from)
    await again.output.flush(noProgress)
    assert.equal(await pending(), before)
  }
  await complete(again.output)
  assert.deepEqual(await read(), numbered(20))
  assert.deepEqual(await hidden(), [])
})

test('X3 nothing is seen of a part before the record that counts it, nor lost after', async context => {
  const { attempt, read, visible } = await world(context, { rowsPerPart: 10 })
  const first = await attempt(1)
  addAll(first.output, numbered(20))
  const position = await first.output.flush(noProgress)
  assert.deepEqual(await visible(), [])
  // Recorded, and then killed.
  await first.output.close()
  const second = await attempt(2, position)
  assert.deepEqual(await visible(), ['part-00001.parquet', 'part-00002.parquet'])
  await complete(second.output)
  assert.deepEqual(await read(), numbered(20))
})

test('X3 an earlier owner that wakes up after the take-over changes nothing', async context => {
  const { attempt, read, visible, hidden } = await world(context, { rowsPerPart: 10 })
  const stalled = await attempt(1)
  addAll(stalled.output, numbered(15))
  const position = await save(stalled.output)
  addAll(stalled.output, numbered(30, 1000), 15)
  const successor = await attempt(2, position)
  addAll(successor.output, numbered(10, 15), 15)
  // Its flush reaches hidden files of its own at most; whether it says so or not, no log takes its record.
  await stalled.output.flush(noProgress).catch(() => {})
  await complete(successor.output)
  await stalled.output.close()
  assert.deepEqual(await read(), numbered(25))
  assert.deepEqual(await visible(), ['part-00001.parquet', 'part-00002.parquet', 'part-00003.parquet'])
  const third = await attempt(3, successor.output.position)
  assert.deepEqual(await hidden(), [])
  await third.output.close()
})

test('X3 a folder that is not as recorded is a conflict, and nothing in it changes', async context => {
  const { attempt, folder } = await world(context, { rowsPerPart: 10 })
  const { output } = await attempt(1)
  addAll(output, numbered(25))
  const position = await save(output)
  await output.close()
  const names = await readdir(folder)
  for (const name of names) {
    const content = await readFile(`${folder}/${name}`)
    await writeFile(`${folder}/${name}`, content.subarray(1))
    const before = await readdir(folder)
    await assert.rejects(attempt(2, position), error => {
      assert.ok(isWaymarkError(error, 'conflict'), String(error))
      assert.match(error.remedy, /--redo enrich$/)
      return true
    })
    assert.deepEqual(await readdir(folder), before)
    await writeFile(`${folder}/${name}`, content)
  }
  await assert.rejects(
    attempt(2, position, { columns: { id: 'STRING', text: 'STRING' } }),
    /has the columns id INTEGER, text STRING, now they are/,
  )
  await (await attempt(2, position)).output.close()
})

test('X3 a new run replaces the parts of the one before, and nothing else in the folder', async context => {
  const { attempt, folder } = await world(context, { rowsPerPart: 10 })
  const first = await attempt(1)
  addAll(first.output, numbered(25))
  await save(first.output)
  await first.output.close()
  await writeFile(`${folder}/README`, 'mine')
  await writeFile(`${folder}/part-1.parquet.bak`, 'mine')
  const second = await attempt(1)
  addAll(second.output, numbered(3))
  await complete(second.output)
  assert.deepEqual(await readdir(folder), ['README', 'part-00001.parquet', 'part-1.parquet.bak'])
  assert.deepEqual(await rowsOf(`${folder}`, 'part-00001.parquet'), numbered(3))
  await assert.rejects(attempt(2, { kind: undefined, path: 'out', length: 1, tail: '' }), /was begun as another kind of output/)
})

test('X3 parts beyond those that count are removed and told', async context => {
  const { attempt, folder, visible } = await world(context, { rowsPerPart: 10 })
  const first = await attempt(1)
  addAll(first.output, numbered(10))
  const position = await save(first.output)
  await first.output.close()
  await writeFile(`${folder}/part-00002.parquet`, 'from an older version')
  const { notices } = await attempt(2, position)
  assert.match(notices?.join() ?? '', /1 part beyond the 1 that count is removed/)
  assert.deepEqual(await visible(), ['part-00001.parquet'])
})

test('a part that is taken away while the run goes on is a conflict, not a success', async context => {
  const { attempt, folder } = await world(context, { rowsPerPart: 10 })
  const { output } = await attempt(1)
  addAll(output, numbered(15))
  await save(output)
  await writeFile(`${folder}/part-00001.parquet`, '')
  await assert.rejects(complete(output), error => isWaymarkError(error, 'conflict'))
})

test('a table without rows still says what its columns are', async context => {
  const { attempt, read, visible } = await world(context, { columns: { id: 'INT64' } })
  await complete((await attempt(1)).output)
  assert.deepEqual(await visible(), ['part-00001.parquet'])
  assert.deepEqual(await read(), [])
})

test('options of any type but the right one are invalid, in a sentence', () => {
  for (const options of [
    { rowsPerPart: 0 },
    { rowsPerPart: '5' },
    { compression: 'lzma' },
    { columns: { id: 'TEXT' } },
    { columns: [] },
    { columns: {} },
    { columns: { ['__proto__']: 'STRING' } },
    { fineTimes: true },
    null,
    7,
  ]) {
    assert.throws(
      () => Reflect.apply(parquet, undefined, ['out', options]),
      error => isWaymarkError(error, 'invalid'),
      JSON.stringify(options),
    )
  }
  for (const path of ['', 7, undefined, 'a\0']) {
    assert.throws(
      () => Reflect.apply(parquet, undefined, [path]),
      error => isWaymarkError(error, 'invalid'),
    )
  }
})
