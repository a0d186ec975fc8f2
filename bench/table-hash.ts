// npm run bench -- table-hash        about ten seconds
//
// The content hash and the facts of a table, against what must be done at least: SHA-256 over the same bytes as they lie, which depends on the order of rows. CPU time, taken in turns; the least of
// the rounds, as other work on the machine only adds. The ratios are what to compare.
import { createHash } from 'node:crypto'
import type { ColumnarTable, ColumnData, ColumnType } from '../src/tables/columnar.ts'
import { contentHash } from '../src/tables/content-hash.ts'
import { tableFacts } from '../src/tables/facts.ts'
import { seededRandom } from '../src/testing/seeded-random.ts'

const encoder = new TextEncoder()

compare('1,000,000 rows of 8 columns', 1_000_000, 7, 1)
compare('250 rows of 8 columns', 250, 9, 500)

function compare(title: string, rowCount: number, rounds: number, calls: number): void {
  const table = sampleTable(rowCount)
  const buffers = table.batches.flatMap(({ columns }) =>
    columns.flatMap(({ values, offsets, validity }) => [values, offsets, validity]),
  )
  const megabytes = buffers.reduce((sum, buffer) => sum + (buffer?.length ?? 0), 0) / 1e6
  const contenders = {
    'SHA-256 as it lies': () => {
      const hash = createHash('sha256')
      for (const buffer of buffers) if (buffer !== undefined) hash.update(buffer)
      return hash.digest('hex')
    },
    contentHash: () => contentHash(table),
    tableFacts: () => tableFacts(table),
  }
  const least = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const start = process.cpuUsage()
      for (let call = 0; call < calls; call++) run()
      const { user, system } = process.cpuUsage(start)
      least.set(name, Math.min(least.get(name) ?? Number.POSITIVE_INFINITY, (user + system) / 1000 / calls))
    }
  }
  console.log(`\n${title}; ${megabytes.toFixed(2)} MB`)
  const peer = least.get('SHA-256 as it lies') ?? 0
  for (const [name, ms] of least) {
    console.log(
      `${name.padEnd(20)} ${ms.toFixed(3).padStart(9)} ms ${((megabytes / ms) * 1000).toFixed(0).padStart(6)} MB/s  ${(ms / peer).toFixed(1)} times the peer`,
    )
  }
}

/** Minutes, row numbers, three prices of which one has nulls, one of four symbols, a name for each row, a flag. */
function sampleTable(rowCount: number): ColumnarTable {
  const random = seededRandom(26)
  const price = () => Math.round(random.next() * 1e4) / 100
  const prices = () => bytesOf(Float64Array.from({ length: rowCount }, price))
  const validity = new Uint8Array(Math.ceil(rowCount / 8)).fill(0xf7)
  const withNulls = Float64Array.from({ length: rowCount }, (_, row) => (row % 8 === 3 ? 0 : price()))
  const nullCount = Math.floor((rowCount + 4) / 8)
  const column = (data: Omit<ColumnData, 'rowCount' | 'nullCount'>): ColumnData => ({ rowCount, nullCount: 0, ...data })
  const float64: ColumnType = { kind: 'float', bits: 64 }
  const columns: readonly (readonly [string, ColumnType, ColumnData])[] = [
    [
      'at',
      { kind: 'timestamp', unit: 'us' },
      column({
        values: bytesOf(BigInt64Array.from({ length: rowCount }, (_, row) => 17n * 10n ** 14n + BigInt(row) * 60_000_000n)),
      }),
    ],
    [
      'row',
      { kind: 'int', bits: 32, signed: true },
      column({ values: bytesOf(Int32Array.from({ length: rowCount }, (_, row) => row)) }),
    ],
    ['open', float64, column({ values: prices() })],
    ['close', float64, column({ values: prices() })],
    ['fair', float64, { ...column({ values: bytesOf(withNulls), validity }), nullCount }],
    ['symbol', { kind: 'utf8', large: false }, column(texts(rowCount, () => random.pick(['AAPL', 'MSFT', 'GOOG', 'AMZN'])))],
    ['order', { kind: 'utf8', large: false }, column(texts(rowCount, () => `order-${random.integer(1e7)}`))],
    ['filled', { kind: 'bool' }, column({ values: random.bytes(Math.ceil(rowCount / 8)) })],
  ]
  const fields = columns.map(([name, type]) => ({ name, type, nullable: true }))
  return { fields, rowCount, batches: [{ rowCount, columns: columns.map(([, , data]) => data) }] }
}

function texts(rowCount: number, make: () => string): { readonly values: Uint8Array; readonly offsets: Uint8Array } {
  const all = Array.from({ length: rowCount }, make)
  const offsets = new Int32Array(rowCount + 1)
  for (const [row, text] of all.entries()) offsets[row + 1] = (offsets[row] ?? 0) + text.length
  return { values: encoder.encode(all.join('')), offsets: bytesOf(offsets) }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
