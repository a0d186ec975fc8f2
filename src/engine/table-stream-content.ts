import { Buffer } from 'node:buffer'
import type { StreamPiece } from '../chunks/stream-saver.ts'
import type { EncodedParts } from '../format/encode-parts.ts'
import { encodedBatch, encodedTableHead } from '../format/table-stream-writer.ts'
import type { OperationTimer } from '../model/operation-timer.ts'
import type { Operation } from '../model/timings.ts'
import type { BatchSource } from '../tables/batch-source.ts'
import { ContentHasher } from '../tables/content-hasher.ts'
import { type TableFacts, TableFactsCounter } from '../tables/facts.ts'
import { inOrder, schemaFields } from '../tables/schema-fields.ts'
import { Dictionaries } from '../tables/stored-table.ts'
import { StreamedSource } from '../tables/streamed-source.ts'
import { tableMarkOf } from '../tables/table-mark.ts'
import { TableStream } from '../tables/table-stream.ts'
import type { StreamContent } from './save-checkpoint.ts'
import { ScratchFile } from './scratch-file.ts'
import type { StoreCore } from './store-core.ts'
import { StoredTableSource, storedAs } from './stored-table-source.ts'
import type { TablesOfCheckpoint } from './tables-of-checkpoint.ts'

/**
 * The content of a checkpoint that is a table whose rows come one by one; undefined for any other value.
 *
 * @param timer measures the taking of rows and the encoding
 * @param signal when it aborts no more rows are taken, and the pieces end with its reason
 */
export function tableStreamContent(
  core: StoreCore,
  value: unknown,
  signal?: AbortSignal,
  timer?: OperationTimer,
): StreamContent | undefined {
  if (!(value instanceof TableStream)) return undefined
  const { schema, order } = tableMarkOf(value) ?? {}
  const stored = schema === undefined ? storedAs(value) : undefined
  if (stored !== undefined)
    return batchesContent(core, new StoredTableSource(stored), { signal, timing: timer && { timer, taking: 'input' } })
  const fields = schema === undefined ? undefined : inOrder(schemaFields(schema), order)
  return batchesContent(core, new StreamedSource(value, fields, signal), { signal, timing: timer && { timer, taking: 'user' } })
}

/** What is written into takes 512 KiB, however little it is; a small batch is copied out of it, as hundreds may wait to be kept. No blob is so short. */
const copiedBelowBytes = 64 * 1024

export interface BatchesOptions {
  /** Whether it is loaded as a `TableStream`. Default true. */
  readonly asStream?: boolean | (() => boolean)
  /** Called with the hash of the content, when all batches are there. */
  readonly check?: (digest: string) => void
  /** Ends the pieces with its reason. */
  readonly signal?: AbortSignal | undefined
  /** Measures the encoding, and the taking of batches as what that is. */
  readonly timing?: { readonly timer: OperationTimer; readonly taking: Operation } | undefined
}

/**
 * A table that comes batch by batch, as the bytes it would have in one piece: each batch is kept when it is there, and what stands in front of them is made at the end. The source is asked for the next batch when
 * the one before is kept.
 */
export function batchesContent(
  core: StoreCore,
  source: BatchSource,
  { asStream = true, check, signal, timing }: BatchesOptions = {},
): StreamContent {
  const dictionaries = new Dictionaries()
  let counter: TableFactsCounter | undefined
  let facts: TableFacts | undefined
  let digest = ''
  let batchCount = 0
  let rowCount = 0
  async function* pieces(): AsyncIterableIterator<StreamPiece> {
    const scratch = new ScratchFile(core, undefined, signal)
    const hasher = new ContentHasher(scratch)
    try {
      const batches = timing === undefined ? source.batches() : whileTaken(source.batches(), timing.timer, timing.taking)
      for await (const filled of batches) {
        const { batch } = filled
        if (batch.rowCount === 0) continue
        const { fields } = source
        const encode = async () => {
          counter ??= new TableFactsCounter(fields)
          counter.add({ fields, batches: [batch], rowCount: batch.rowCount })
          await counter.spill(scratch)
          await hasher.add(fields, batch)
          batchCount++
          rowCount += batch.rowCount
          return encodedBatch(fields, filled, dictionaries)
        }
        yield* piecesOf(await (timing === undefined ? encode() : timing.timer.during('encode', encode)))
      }
      const end = async () => {
        digest = await hasher.digest(source.fields)
        facts = await (counter ?? new TableFactsCounter(source.fields)).resultOfAll()
      }
      await (timing === undefined ? end() : timing.timer.during('encode', end))
      check?.(digest)
    } finally {
      await scratch.close()
    }
  }
  const front = (): Uint8Array => {
    const { fields, metadata, rows, hasSchema } = source
    const bytes = new Uint8Array(Buffer.from(digest, 'hex'))
    const head = {
      fields,
      ...(metadata === undefined ? {} : { metadata }),
      rowCount,
      rows,
      digest: bytes,
      hasSchema,
      dictionaries,
    }
    return encodedTableHead(head, batchCount)
  }
  const tables = (): TablesOfCheckpoint => {
    if (facts === undefined) throw new TypeError('a table that was not read to its end')
    const form = source.rows === undefined ? 'arrow' : 'rows'
    const isStream = typeof asStream === 'boolean' ? asStream : asStream()
    return { tables: [{ path: '', form, ...(isStream ? { streamed: true } : {}), digest, facts }] }
  }
  return { kind: 'cbor', pieces: pieces(), front, tables }
}

/** The same batches, and how long they are waited for. */
async function* whileTaken<Batch>(
  batches: AsyncIterable<Batch>,
  timer: OperationTimer,
  operation: Operation,
): AsyncIterableIterator<Batch> {
  timer.enter(operation)
  try {
    for await (const batch of batches) {
      timer.leave(operation)
      yield batch
      timer.enter(operation)
    }
  } finally {
    timer.leave(operation)
  }
}

/** Between two batches no part ends: the bytes between two large ones are cut as one, as in a table in one piece. */
function* piecesOf({ parts, length, release }: EncodedParts): Iterable<StreamPiece> {
  if (length < copiedBelowBytes) {
    const bytes = Buffer.concat(parts.flatMap(({ pieces }) => pieces))
    release()
    yield { kind: 'value', bytes, endsPart: false }
    return
  }
  for (const [at, { kind, pieces }] of parts.entries()) {
    const isLast = at === parts.length - 1
    for (const [place, bytes] of pieces.entries()) {
      const endsPart = place === pieces.length - 1 && !(isLast && kind === 'value')
      const isEnd = isLast && place === pieces.length - 1
      yield { kind, bytes, endsPart, ...(isEnd ? { release } : {}) }
    }
  }
}
