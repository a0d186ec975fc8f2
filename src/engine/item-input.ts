import type { FileSystem } from '../files/file-system.ts'
import { type ElementReader, readElements } from '../format/decode-value.ts'
import { describe } from '../model/describe.ts'
import { WaymarkError } from '../model/errors.ts'
import type { InputRecord } from '../model/records.ts'
import { type NextWanted, SkippedItems } from '../outputs/item-batch.ts'
import { type ItemFile, isItemFile } from '../outputs/item-file.ts'
import { type ItemSource, isItemSource } from '../outputs/item-source.ts'
import { readWanted } from '../outputs/read-items.ts'
import { TableStream } from '../tables/table-stream.ts'
import { type AppendedPart, lookAtFile, wasTouched } from './input-file-record.ts'
import { valueRecord } from './input-value.ts'
import { plainRowsOf, streamedTable } from './load-table-stream.ts'
import { PendingStage } from './stage-result.ts'

/** What a pass over items reads from. */
export interface ItemInput {
  /** How the log knows it again. */
  readonly record: InputRecord
  /** Set for a file that is the recorded one with something added behind it. */
  readonly appended?: AppendedPart
  /** Of a file: whether it was changed since it was opened. */
  readonly wasTouched?: () => Promise<boolean>
  /** Undefined until the end is reached. */
  readonly total: number | undefined
  /** @param nextWanted of an index, the next one from there on that is wanted; others may be left out, as {@link SkippedItems} */
  batches(nextWanted?: NextWanted): AsyncIterable<readonly unknown[] | SkippedItems> | Iterable<readonly unknown[] | SkippedItems>
}

interface InputOptions {
  readonly files: FileSystem
  readonly baseDirectory: string
  readonly signal: AbortSignal
  readonly hasKey: boolean
  /** What the caller says tells whether the items are the same; undefined: nothing. */
  readonly fingerprint: unknown
  /** The input as recorded before, if it was. */
  readonly before: InputRecord | undefined
  /** Calls a function where the pass was called: a generator of the user's that gives the items is no part of any item. */
  readonly outside: <T>(call: () => T) => T
}

const batchLength = 1_000
/** Bytes of a file that are read and taken apart at a time. What a pass over ten million short lines held of 256 KiB of them at once made the heap 40 MB larger, and took a tenth longer. */
const blockBytes = 32 << 10

/**
 * Finds out what the items are. Reads a file once for its digest; loads nothing of a stage's result that an earlier attempt recorded until its elements are asked for.
 *
 * @throws WaymarkError `invalid` if they are not items, or need a key and have none
 */
export async function openItemInput(items: unknown, path: string, options: InputOptions): Promise<ItemInput> {
  const { fingerprint } = options
  if (fingerprint !== undefined && (items instanceof PendingStage || isItemFile(items))) throw knownAnyway(path)
  if (items instanceof PendingStage) return stageInput(items)
  if (isItemFile(items)) return fileInput(items, options)
  if (isItemSource(items)) return sourceInput(items, path, options)
  if (typeof items !== 'object' || items === null) throw notItems(items, path)
  const record: InputRecord = fingerprint === undefined ? { kind: 'keys' } : valueRecord(fingerprint, path)
  if (!options.hasKey && record.kind === 'keys') throw needsKey(path)
  if (Array.isArray(items)) {
    return { record, total: items.length, batches: () => slices(items) }
  }
  if (Symbol.asyncIterator in items) {
    const source = items as AsyncIterable<unknown>
    return { record, total: undefined, batches: () => singles(source, options.outside) }
  }
  if (Symbol.iterator in items) {
    const source = calledOutside(items as Iterable<unknown>, options.outside)
    const total = items instanceof Set || items instanceof Map ? items.size : undefined
    return { record, total, batches: () => gather(source) }
  }
  throw notItems(items, path)
}

async function stageInput(stage: PendingStage<unknown>): Promise<ItemInput> {
  const outcome = await stage.outcome()
  const record: InputRecord = { kind: 'stage', digest: outcome.checkpoint.digest, from: stage.path }
  const made = outcome.fresh?.value
  if (Array.isArray(made)) return { record, total: made.length, batches: () => slices(made) }
  const streamed = streamedTable(outcome.checkpoint)
  if (streamed !== undefined) {
    // A stream reads its rows anew each time it is gone through.
    const rows = made instanceof TableStream ? made : await outcome.value()
    if (!(rows instanceof TableStream)) throw new TypeError('a table whose rows come one by one is no stream')
    return { record, total: streamed.facts.rows, batches: () => gatherRows(plainRowsOf(rows)) }
  }
  const bytes = await outcome.bytes()
  return {
    record,
    total: elementCount(bytes),
    batches: nextWanted => wantedElements(readElements(bytes, { codecs: outcome.codecs }), nextWanted),
  }
}

async function* gatherRows(rows: AsyncIterable<unknown>): AsyncIterableIterator<readonly unknown[]> {
  let batch: unknown[] = []
  for await (const row of rows) {
    if (batch.push(row) < batchLength) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

async function fileInput(file: ItemFile<unknown, never>, options: InputOptions): Promise<ItemInput> {
  const { files, baseDirectory, signal, before } = options
  const { record, appended } = await lookAtFile(file, { files, baseDirectory, signal, before })
  return {
    record,
    ...(appended === undefined ? {} : { appended }),
    total: undefined,
    wasTouched: () => wasTouched(file, record, { files, baseDirectory }),
    batches: nextWanted => readWanted(files, file, { baseDirectory, signal, nextWanted, blockBytes }),
  }
}

async function sourceInput(source: ItemSource, path: string, options: InputOptions): Promise<ItemInput> {
  const { files, baseDirectory, signal } = options
  const opened = await source.open({ files, baseDirectory, signal })
  if (options.fingerprint !== undefined) {
    if (opened.record.kind !== 'keys') throw knownAnyway(path)
    return { ...opened, record: valueRecord(options.fingerprint, path), batches: () => opened.batches() }
  }
  if (opened.record.kind === 'keys' && !options.hasKey) throw needsKey(path)
  return opened
}

/** Length of an encoded array: the argument of its CBOR head (RFC 8949, 3). Undefined for anything else, which the decoder then refuses. */
function elementCount(bytes: Uint8Array): number | undefined {
  const head = bytes[0]
  if (head === undefined || head >> 5 !== 4) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (head & 31) {
    case 24:
      return view.getUint8(1)
    case 25:
      return view.getUint16(1)
    case 26:
      return view.getUint32(1)
    default:
      return (head & 31) < 24 ? head & 31 : undefined
  }
}

function* wantedElements(
  elements: ElementReader,
  nextWanted: NextWanted = index => index,
): Iterable<readonly unknown[] | SkippedItems> {
  let batch: unknown[] = []
  for (let index = 0; index < elements.count; ) {
    const wanted = Math.min(nextWanted(index), elements.count)
    if (wanted === index) {
      batch.push(elements.next())
      index++
    }
    if (batch.length === batchLength || (wanted > index && batch.length > 0)) {
      yield batch
      batch = []
    }
    if (wanted <= index) continue
    elements.skip(wanted - index)
    yield new SkippedItems(wanted - index)
    index = wanted
  }
  elements.finish()
  if (batch.length > 0) yield batch
}

function* slices(items: readonly unknown[]): Iterable<readonly unknown[]> {
  for (let from = 0; from < items.length; from += batchLength) yield items.slice(from, from + batchLength)
}

function* gather(items: Iterable<unknown>): Iterable<readonly unknown[]> {
  let batch: unknown[] = []
  for (const item of items) {
    batch.push(item)
    if (batch.length === batchLength) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}

/** One by one: who makes items slowly must not wait for a batch to fill. */
async function* singles(items: AsyncIterable<unknown>, outside: InputOptions['outside']): AsyncIterable<readonly unknown[]> {
  const iterator = outside(() => items[Symbol.asyncIterator]())
  try {
    for (;;) {
      const next = await outside(() => iterator.next())
      if (next.done === true) return
      yield [next.value]
    }
  } finally {
    await outside(() => iterator.return?.())
  }
}

function* calledOutside(items: Iterable<unknown>, outside: InputOptions['outside']): Iterable<unknown> {
  const iterator = outside(() => items[Symbol.iterator]())
  try {
    for (;;) {
      const next = outside(() => iterator.next())
      if (next.done === true) return
      yield next.value
    }
  } finally {
    outside(() => iterator.return?.())
  }
}

function needsKey(path: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the items of ${JSON.stringify(path)} have no names: an array or iterable may come in another order next time`,
    means: 'Nothing of this stage was run.',
    remedy:
      'Give key: item => item.id, or input: something that differs when the items do, or pass what run.stage() gave as it is, without await, or jsonl(path) or csv(path): their items are known by their index.',
    details: { stage: path },
  })
}

function knownAnyway(path: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the items of ${JSON.stringify(path)} have a digest of their own, and were given input as well`,
    means: 'Nothing of this stage was run. Whether the items are the same is told by the digest.',
    remedy: 'Leave out input. To call the items again when something else changes, give version.',
    details: { stage: path },
  })
}

function notItems(items: unknown, path: string): WaymarkError {
  return new WaymarkError('invalid', {
    message: `the items of ${JSON.stringify(path)} are ${describe(items)}`,
    means: 'Nothing of this stage was run.',
    remedy:
      typeof items === 'string'
        ? 'To read a file: jsonl(path) or csv(path).'
        : 'Pass an array, an iterable, a stage’s result, jsonl(path) or csv(path).',
    details: { stage: path },
  })
}
