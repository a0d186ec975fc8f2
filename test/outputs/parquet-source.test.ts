import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer'
import { z } from 'zod'
import { nodeFiles } from '../../src/files/node-files.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { type ParquetOptions, parquet } from '../../src/outputs/parquet-file.ts'
import { complete, outputContext, outputItem } from './output-world.ts'
import { temporaryFolder } from './temporary-folder.ts'

const flights = new URL('../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url).pathname

const openSource = (
  path: string,
  baseDirectory = '/',
  options: ParquetOptions<unknown> = {},
  signal = new AbortController().signal,
) => parquet<unknown>(path, options).open({ files: nodeFiles, baseDirectory, signal })

async function rowsOf(path: string, baseDirectory?: string, options?: ParquetOptions<unknown>): Promise<unknown[]> {
  const rows: unknown[] = []
  for await (const batch of (await openSource(path, baseDirectory, options)).batches()) rows.push(...batch)
  return rows
}

/** A file with columns as another program writes them. */
async function foreign(
  context: TestContext,
  columnData: ColumnSource[],
  schema?: Parameters<typeof parquetWriteBuffer>[0]['schema'],
) {
  const folder = await temporaryFolder(context)
  const buffer = parquetWriteBuffer({ columnData, ...(schema === undefined ? {} : { schema }) })
  await writeFile(`${folder}/in.parquet`, Buffer.from(buffer))
  return folder
}

test('A1 three million flights: the total is known at once, and rows come in order over the bound of a row group', async () => {
  const source = await openSource(flights)
  assert.equal(source.total, 3_000_000)
  assert.equal(source.record.kind, 'file')
  assert.match(source.record.digest ?? '', /^sha256:[0-9a-f]{64}$/)
  const bytes = await readFile(flights)
  const around = [272_725, 272_730] as const
  const expected = await parquetReadObjects({
    file: Uint8Array.from(bytes).buffer,
    compressors,
    rowStart: around[0],
    rowEnd: around[1],
  })
  const found: unknown[] = []
  let index = 0
  for await (const batch of source.batches()) {
    assert.ok(batch.length <= 1_000)
    for (const row of batch) {
      if (index >= around[0] && index < around[1]) found.push(row)
      index++
    }
    if (index >= around[1]) break
  }
  assert.deepEqual(found, expected)
  assert.deepEqual(Object.keys(expected[0] ?? {}), ['date', 'delay', 'distance', 'origin', 'destination'])
})

test('a folder of files is read in the order of their names, parts by their numbers', async context => {
  const folder = await temporaryFolder(context)
  const target = parquet<{ id: number }>('parts', { rowsPerPart: 3 })
  const facts = outputContext(folder)
  const { output } = await target.open(facts, await target.begin(facts))
  for (let id = 0; id < 10; id++) output.add({ id }, outputItem(id))
  await complete(output)
  const ids = Array.from({ length: 10 }, (_, id) => ({ id }))
  assert.deepEqual(await rowsOf('parts', folder), ids)
  const { record } = await openSource('parts', folder)
  await mkdir(`${folder}/others`)
  for (const [name, part] of [
    ['b.parquet', 1],
    ['a.parquet', 2],
    ['.c.parquet', 3],
    ['notes.txt', 3],
  ] as const)
    await copyFile(`${folder}/parts/part-0000${part}.parquet`, `${folder}/others/${name}`)
  assert.deepEqual(await rowsOf('others', folder), [...ids.slice(3, 6), ...ids.slice(0, 3)])
  await copyFile(`${folder}/parts/part-00004.parquet`, `${folder}/parts/part-00006.parquet`)
  await assert.rejects(
    openSource('parts', folder),
    error => isWaymarkError(error, 'invalid') && /not part-00005.parquet/.test(error.message),
  )
  await copyFile(`${folder}/parts/part-00004.parquet`, `${folder}/parts/part-00005.parquet`)
  assert.notEqual((await openSource('parts', folder)).record.digest, record.digest)
})

test('64-bit integers and bytes of other programs come exactly, and what has no value is null', async context => {
  const folder = await foreign(context, [
    { name: 'big', data: [2n ** 63n - 1n, -1n, null], type: 'INT64' },
    { name: 'bytes', data: [new Uint8Array([255, 254]), null, new Uint8Array()], type: 'BYTE_ARRAY' },
    { name: 'text', data: ['\uFEFFa', 'ü', null], type: 'STRING' },
  ])
  assert.deepEqual(await rowsOf('in.parquet', folder), [
    { big: 2n ** 63n - 1n, bytes: new Uint8Array([255, 254]), text: '\uFEFFa' },
    { big: -1n, bytes: null, text: 'ü' },
    { big: null, bytes: new Uint8Array(), text: null },
  ])
})

test('decimals come as exact text instead of floating-point numbers', async context => {
  const decimal = { converted_type: 'DECIMAL', repetition_type: 'OPTIONAL', precision: 18 } as const
  const folder = await foreign(
    context,
    [
      { name: 'price', data: [123_456_789_012_345_678n, -5n, 0n, null] },
      { name: 'small', data: [1n, -1n, 100n, null] },
      { name: 'bytes', data: [-12_345n, 0n, 7n, null] },
    ],
    [
      { name: 'root', num_children: 3 },
      { name: 'price', type: 'INT64', scale: 2, ...decimal },
      { name: 'small', type: 'INT32', scale: 0, ...decimal },
      { name: 'bytes', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 9, scale: 3, ...decimal },
    ],
  )
  assert.deepEqual(await rowsOf('in.parquet', folder), [
    { price: '1234567890123456.78', small: '1', bytes: '-12.345' },
    { price: '-0.05', small: '-1', bytes: '0.000' },
    { price: '0.00', small: '100', bytes: '0.007' },
    { price: null, small: null, bytes: null },
  ])
})

test('a time finer than a millisecond is refused, or given as text, never cut off', async context => {
  const folder = await foreign(
    context,
    [{ name: 'at', data: [1_000_000n, -1n, null] }],
    [
      { name: 'root', num_children: 1 },
      {
        name: 'at',
        type: 'INT64',
        repetition_type: 'OPTIONAL',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      },
    ],
  )
  await assert.rejects(
    rowsOf('in.parquet', folder),
    error =>
      isWaymarkError(error, 'invalid') && /finer than the milliseconds/.test(error.message) && /fineTimes/.test(error.remedy),
  )
  assert.deepEqual(await rowsOf('in.parquet', folder, { fineTimes: 'text' }), [
    { at: '1970-01-01T00:00:01.000000Z' },
    { at: '1969-12-31T23:59:59.999999Z' },
    { at: null },
  ])
})

test('a file that is cut off, damaged or no Parquet at all is invalid, in a sentence with its name', async context => {
  const folder = await temporaryFolder(context)
  const target = parquet<object>('whole', { compression: 'none' })
  const facts = outputContext(folder)
  const { output } = await target.open(facts, await target.begin(facts))
  for (let id = 0; id < 200; id++) output.add({ id, text: `row ${id}` }, outputItem(id))
  await complete(output)
  const whole = `${folder}/whole/part-00001.parquet`
  const content = await readFile(whole)
  const path = `${folder}/bad.parquet`
  const invalid = (error: unknown) => {
    assert.ok(isWaymarkError(error, 'invalid'), String(error))
    assert.match(error.message, /^bad\.parquet cannot be read as Parquet: ./)
    return true
  }
  for (const length of [0, 3, 4, 11, 100, content.length - 9, content.length - 1]) {
    await writeFile(path, content)
    await truncate(path, length)
    await assert.rejects(rowsOf('bad.parquet', folder), invalid, `cut to ${length}`)
  }
  await writeFile(path, 'id,name\n1,a\n'.repeat(100))
  await assert.rejects(rowsOf('bad.parquet', folder), invalid)
  // Lengths that lead backwards and counts beyond the column would keep a reader busy for ever.
  for (const [at, byte, text] of [
    [10, 0x87, /a page has -\d+ bytes/],
    [15, 0x7f, /a page has 8136 values, its column 200/],
  ] as const) {
    const forged = Buffer.from(content)
    forged[at] = byte
    await writeFile(path, forged)
    await assert.rejects(rowsOf('bad.parquet', folder), error => invalid(error) && text.test(String(error)))
  }
  await assert.rejects(openSource('missing.parquet', folder), error => isWaymarkError(error, 'not_found'))
  await mkdir(`${folder}/empty`)
  await assert.rejects(openSource('empty', folder), error => isWaymarkError(error, 'not_found'))
})

test('a compression that nobody here knows is invalid, in a sentence', async context => {
  const folder = await temporaryFolder(context)
  const buffer = parquetWriteBuffer({
    columnData: [{ name: 'id', data: [1, 2, 3] }],
    codec: 'LZO',
    compressors: { LZO: bytes => bytes },
  })
  await writeFile(`${folder}/in.parquet`, Buffer.from(buffer))
  await assert.rejects(rowsOf('in.parquet', folder), error => isWaymarkError(error, 'invalid') && /LZO/.test(error.message))
})

test('a schema checks rows, and names the one that does not match', async context => {
  const folder = await foreign(context, [{ name: 'id', data: [1, 2, -3] }])
  const schema = z.object({ id: z.number().positive() })
  await assert.rejects(
    rowsOf('in.parquet', folder, { schema }),
    error => isWaymarkError(error, 'invalid') && /in\.parquet row 3 does not match/.test(error.message),
  )
})

test('reading stops when it is told to', async () => {
  const controller = new AbortController()
  const source = await openSource(flights, '/', {}, controller.signal)
  await assert.rejects(async () => {
    for await (const _ of source.batches()) controller.abort(new Error('enough'))
  }, /enough/)
})
