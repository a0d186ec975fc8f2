import { canonicalColumn } from './canonical-column.ts'
import type { ColumnField, RowBatch } from './columnar.ts'
import { ContentHashStream } from './content-hash-stream.ts'
import { GatheredBatches } from './gathered-batches.ts'
import { hashFlag, hashPresent, hashValues } from './hash-column.ts'
import { hashHeader } from './hash-header.ts'
import { type Bucket, bucketsOf, readColumn, readOrder, writeOrder } from './run-buckets.ts'
import type { Scratch } from './scratch.ts'
import { type SortedRun, writeRun } from './sorted-run.ts'

/** Bytes of rows that are looked at together. */
const bucketBytes = 16 * 1024 * 1024
/** A run is 4 KiB of notes and some writes, and a read for each bucket: more than a few rows are worth. */
const runRows = 64 * 1024
/** Rows hashed at a time where one row stands for many. */
const blockRows = 64 * 1024

export interface ContentHasherOptions {
  /** Bytes of rows read back at a time, about. Default 16 MiB. */
  readonly bucketBytes?: number
  /** Rows that are sorted together, where they come in smaller batches. Default 65,536. */
  readonly runRows?: number
  /** Bits of the rows' keys that count: all but in tests, which want rows to share keys. */
  readonly keyMask?: number
}

/**
 * The same hash as `contentHash`, of a table that comes batch by batch: memory holds 65,536 rows or a larger batch, later a share of one column. The rows wait in a scratch, so many of them
 * sorted by key at a time, as all of them decide the order in which they are hashed.
 */
export class ContentHasher {
  readonly #scratch: Scratch
  readonly #bucketBytes: number
  readonly #keyMask: number
  readonly #gathered: GatheredBatches
  readonly #runs: SortedRun[] = []
  #fields: readonly ColumnField[] = []
  #rowCount = 0
  #bytes = 0

  constructor(scratch: Scratch, options: ContentHasherOptions = {}) {
    this.#scratch = scratch
    this.#bucketBytes = options.bucketBytes ?? bucketBytes
    this.#keyMask = options.keyMask ?? 0xffff_ffff
    this.#gathered = new GatheredBatches(options.runRows ?? runRows)
  }

  async add(fields: readonly ColumnField[], batch: RowBatch): Promise<void> {
    if (batch.rowCount === 0) return
    this.#fields = fields
    this.#gathered.add(batch)
    if (this.#gathered.areEnough) await this.#writeRun()
  }

  async #writeRun(): Promise<void> {
    const [fields, batches] = [this.#fields, this.#gathered.take()]
    const rowCount = batches.reduce((sum, batch) => sum + batch.rowCount, 0)
    if (rowCount === 0) return
    const table = { fields, batches, rowCount }
    const columns = fields.map((_, at) => canonicalColumn(table, at))
    this.#runs.push(await writeRun(columns, rowCount, this.#scratch, this.#keyMask))
    this.#rowCount += rowCount
    this.#bytes += columns.reduce((sum, { bytes }) => sum + bytes.length + rowCount, 0)
  }

  /** SHA-256 in hex, when all batches are there. */
  async digest(fields: readonly ColumnField[]): Promise<string> {
    await this.#writeRun()
    const rowCount = this.#rowCount
    const header = hashHeader({ fields, batches: [], rowCount })
    const stream = new ContentHashStream(header.length + this.#bytes)
    const start = stream.reserve(header.length)
    stream.bytes.set(header, start)
    const bytesOfRow = Math.max(1, this.#bytes / Math.max(1, rowCount))
    const buckets = bucketsOf(this.#runs, Math.max(1, Math.floor(this.#bucketBytes / bytesOfRow)))
    for (const bucket of buckets) await writeOrder(bucket, fields, this.#scratch)
    for (const at of fields.keys()) await this.#hashColumn(stream, fields, at, buckets)
    return stream.digest()
  }

  async #hashColumn(
    stream: ContentHashStream,
    fields: readonly ColumnField[],
    at: number,
    buckets: readonly Bucket[],
  ): Promise<void> {
    const hasNulls = this.#runs.some(({ columns }) => columns[at]?.presentAt !== undefined)
    hashFlag(stream, hasNulls)
    if (hasNulls) {
      let bytes = 0
      for (const bucket of buckets) {
        const { present } = await readColumn(bucket, fields, at, this.#scratch, { presentOnly: true })
        const all = present ?? new Uint8Array(bucket.rowCount).fill(1)
        for (const rows of await this.#blocks(bucket)) bytes += hashPresent(stream, all, rows)
      }
      stream.endSection(bytes)
    }
    let bytes = 0
    for (const bucket of buckets) {
      const column = await readColumn(bucket, fields, at, this.#scratch)
      for (const rows of await this.#blocks(bucket)) bytes += hashValues(stream, column, rows)
    }
    stream.endSection(bytes)
  }

  async #blocks(bucket: Bucket): Promise<Iterable<Uint32Array>> {
    const { order, counts } = await readOrder(bucket, this.#scratch)
    return counts === undefined ? [order] : repeated(order, counts)
  }
}

/** Each row as often as it is there. */
function* repeated(order: Uint32Array, counts: Uint32Array): Iterable<Uint32Array> {
  const block = new Uint32Array(blockRows)
  let filled = 0
  for (let place = 0; place < order.length; place++) {
    const row = order[place] ?? 0
    for (let left = counts[place] ?? 0; left > 0; ) {
      const length = Math.min(left, blockRows - filled)
      block.fill(row, filled, filled + length)
      filled += length
      left -= length
      if (filled < blockRows) continue
      yield block
      filled = 0
    }
  }
  if (filled > 0) yield block.subarray(0, filled)
}
