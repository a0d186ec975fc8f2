import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import { parquetMetadata, type SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer'
import { nodeFiles } from '../../src/files/node-files.ts'
import { checkPages } from '../../src/outputs/parquet-pages.ts'
import { readParquet } from '../../src/outputs/parquet-reader.ts'
import { tableOfParquet } from '../../src/outputs/parquet-table-reader.ts'
import { arrowOfColumnar } from '../../src/tables/arrow-bridge.ts'
import { cellReader } from '../../src/tables/arrow-cell.ts'

async function pathIn(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-parquet-'))
  t.after(() => rm(folder, { recursive: true }))
  return join(folder, 'x.parquet')
}

async function duckDBFile(path: string, sql: string): Promise<void> {
  const connection = await (await DuckDBInstance.create()).connect()
  await connection.run(`copy (${sql}) to '${path}' (format parquet)`)
}

test('A15 a Parquet file with two columns, or two members of a struct, of one name is refused by the name', async t => {
  const path = await pathIn(t)
  const int: SchemaElement = { name: 'a', type: 'INT32', repetition_type: 'REQUIRED' }
  const cases = [
    { schema: [{ name: 'schema', num_children: 2 }, int, int], columns: 2, named: /two columns named a,/ },
    {
      schema: [
        { name: 'schema', num_children: 1 },
        { name: 's', num_children: 2, repetition_type: 'REQUIRED' as const },
        int,
        int,
      ],
      columns: 1,
      named: /two columns named s\.a,/,
    },
  ]
  for (const { schema, columns, named } of cases) {
    const writer = new ByteWriter()
    const file = new ParquetWriter({ writer, schema })
    const data = columns === 2 ? [1, 2] : [{ a: 1 }, { a: 2 }]
    await file.write({ columnData: Array.from({ length: columns }, () => ({ name: columns === 2 ? 'a' : 's', data })) })
    await file.finish()
    writeFileSync(path, new Uint8Array(writer.getBytes()))
    const refusal = { code: 'unsupported', message: named }
    await assert.rejects(tableOfParquet({ files: nodeFiles, path, shown: 'x' }), refusal)
    const rows = readParquet({ files: nodeFiles, path, shown: 'x', fineTimes: 'refuse' })
    await assert.rejects(rows.next(), refusal)
  }
})

test('A1 a file of DuckDB with an ENUM of more values than the column has rows is read', async t => {
  const path = await pathIn(t)
  const names = Array.from({ length: 200 }, (_, at) => `'v${at}'`).join()
  await duckDBFile(path, `select ('v' || i)::enum(${names}) e from range(50) t(i)`)
  const made = arrowOfColumnar(await tableOfParquet({ files: nodeFiles, path, shown: 'x' }))
  assert.ok(made instanceof arrow.Table)
  assert.deepEqual(
    Array.from(made.getChild('e') ?? []),
    Array.from({ length: 50 }, (_, at) => `v${at}`),
  )
})

test('A15 a dictionary that says it has more values than its bytes can hold is refused', () => {
  /** A header of a dictionary page of 8 bytes with so many values, below 64, as Thrift writes it. */
  const page = (values: number): Uint8Array =>
    Uint8Array.of(0x15, 4, 0x15, 16, 0x15, 16, 0x4c, 0x15, values * 2, 0x15, 0, 0, 0, ...new Uint8Array(8))
  const column = { codec: 'UNCOMPRESSED', compressors: {}, type: 'INT32', mostRepetition: 0, mostDefinition: 0 } as const
  checkPages(page(2), { num_values: 1n }, column)
  assert.throws(() => checkPages(page(3), { num_values: 9n }, column), /a dictionary of 8 bytes has 3 values/)
})

/** Columns of 12 bytes as INT96, which the writer cannot make: the type is a byte in the footer, before the length of the values. */
function asInt96(bytes: Uint8Array): Uint8Array {
  const footer = bytes.length - 8 - new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 8, 4).getUint32(0, true)
  const fixed = [0x15, 0x0e] as const
  const found = bytes.map((byte, at) => (at > footer && byte === fixed[1] && bytes[at - 1] === fixed[0] ? 0x06 : byte))
  assert.deepEqual(
    parquetMetadata(found.slice().buffer).schema.map(({ type }) => type),
    [undefined, 'INT96'],
  )
  return found
}

/** Nanoseconds of the day, and days of the Julian calendar. */
function int96(nanoseconds: bigint, day: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setBigInt64(0, nanoseconds, true)
  view.setInt32(8, day, true)
  return bytes
}

const day1970 = 2_440_588

function int96File(path: string, times: readonly (Uint8Array | null)[]): void {
  const at = { name: 'at', type: 'FIXED_LEN_BYTE_ARRAY', type_length: 12, repetition_type: 'OPTIONAL' } as const
  const buffer = parquetWriteBuffer({
    columnData: [{ name: 'at', data: [...times] }],
    schema: [{ name: 'root', num_children: 1 }, at],
    statistics: false,
  })
  writeFileSync(path, asInt96(new Uint8Array(buffer)))
}

test('A1 times in INT96, as Spark and Impala write them, are read to the nanosecond', async t => {
  const path = await pathIn(t)
  const noon = 43_200_000_000_000n
  int96File(path, [int96(noon, day1970), null, int96(1n, day1970 - 1), int96(noon + 123_456_789n, day1970 + 19_000)])
  const found = await tableOfParquet({ files: nodeFiles, path, shown: 'x' })
  assert.deepEqual(found.fields, [{ name: 'at', type: { kind: 'timestamp', unit: 'ns' }, nullable: true }])
  const [batch] = found.batches
  const column = batch?.columns[0]
  assert.ok(batch && column && found.fields[0])
  const read = cellReader(found.fields[0].type, column)
  assert.deepEqual(
    Array.from({ length: batch.rowCount }, (_, row) => read(row)),
    [noon, null, 1n - 86_400_000_000_000n, 19_000n * 86_400_000_000_000n + noon + 123_456_789n],
  )
  const items: unknown[] = []
  for await (const rows of readParquet({ files: nodeFiles, path, shown: 'x', fineTimes: 'text' })) items.push(...rows)
  assert.deepEqual(items, [
    { at: '1970-01-01T12:00:00.000000000Z' },
    { at: null },
    { at: '1969-12-31T00:00:00.000000001Z' },
    { at: '2022-01-08T12:00:00.123456789Z' },
  ])
  const rows = readParquet({ files: nodeFiles, path, shown: 'x', fineTimes: 'refuse' })
  await assert.rejects(rows.next(), { code: 'invalid', message: /^the column at of x holds a time/ })
})

test('A1 a time in INT96 that 64 bits of nanoseconds cannot hold is refused by its column, with how to write it', async t => {
  const path = await pathIn(t)
  for (const [day, when] of [
    [1_721_426, 'before 1677'],
    [5_373_484, 'after 2262'],
  ] as const) {
    int96File(path, [int96(0n, day)])
    await assert.rejects(tableOfParquet({ files: nodeFiles, path, shown: 'x' }), {
      code: 'invalid',
      message: `x cannot be read as Parquet: the column at holds a time (INT96) ${when}, which no count of nanoseconds since 1970 in 64 bits can be`,
      means: 'Nothing was saved.',
      remedy: /outputTimestampType=TIMESTAMP_MICROS/,
    })
  }
})

test('A15 a compression that nobody here reads is refused by column and codec, also one of no name', async t => {
  const path = await pathIn(t)
  const buffer = parquetWriteBuffer({
    columnData: [{ name: 'id', data: [1, 2, 3] }],
    codec: 'LZO',
    compressors: { LZO: bytes => bytes },
  })
  const bytes = new Uint8Array(buffer)
  // The codec is the field behind the path of the column: 3 is LZO, 6 as Thrift writes it.
  const at = Buffer.from(bytes).lastIndexOf(Buffer.of(0x18, 2, 0x69, 0x64, 0x15, 6)) + 5
  for (const [codec, named] of [
    [6, 'LZO'],
    [98, 'a codec that Parquet does not have'],
  ] as const) {
    const forged = bytes.slice()
    forged[at] = codec
    writeFileSync(path, forged)
    const message = `x cannot be read as Parquet: the column id is compressed with ${named}, for which there is no reader`
    const remedy = /another compression: zstd, snappy/
    await assert.rejects(tableOfParquet({ files: nodeFiles, path, shown: 'x' }), {
      code: 'invalid',
      message,
      means: 'Nothing was saved.',
      remedy,
    })
    const items = readParquet({ files: nodeFiles, path, shown: 'x', fineTimes: 'refuse' })
    await assert.rejects(items.next(), { code: 'invalid', message, means: /^Items of row groups before/, remedy })
  }
})
