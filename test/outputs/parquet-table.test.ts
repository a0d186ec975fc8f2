import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { DuckDBInstance } from '@duckdb/node-api'
import * as arrow from 'apache-arrow'
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { nodeFiles } from '../../src/files/node-files.ts'
import { checkPages } from '../../src/outputs/parquet-pages.ts'
import { readParquet } from '../../src/outputs/parquet-reader.ts'
import { tableOfParquet } from '../../src/outputs/parquet-table-reader.ts'
import { arrowOfColumnar } from '../../src/tables/arrow-bridge.ts'

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
