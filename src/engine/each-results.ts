import { decodeValue } from '../format/decode-value.ts'
import { WaymarkError } from '../model/errors.ts'
import type { ResultsRecord } from '../model/recorded-run.ts'
import type { ItemResult } from '../model/records.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { EachResults } from './run.ts'
import type { StoreCore } from './store-core.ts'

/** Progress records kept decoded while results are read in input order. */
const keptRecords = 64

/** Wraps an iteration as what `results()` gives. The type is the one of the function whose results were recorded. */
export function eachResults<Value>(iterate: () => AsyncIterable<unknown>): EachResults<Value> {
  const typed = iterate as () => AsyncIterable<Value>
  return {
    [Symbol.asyncIterator]: () => typed()[Symbol.asyncIterator](),
    async toArray() {
      const values: Value[] = []
      for await (const value of typed()) values.push(value)
      return values
    },
  }
}

/** Results kept in the store, in input order; only a few records are in memory at a time. */
export async function* storedResults(core: StoreCore, records: readonly ResultsRecord[]): AsyncIterable<unknown> {
  const entries = records.flatMap((record, at) => record.indexes.map((index, within) => ({ index, at, within })))
  // A stable sort: items of equal index (keyed input that changed) stay in the order they were recorded.
  entries.sort((a, b) => a.index - b.index)
  const open = new Map<number, readonly ItemResult[]>()
  for (const { at, within } of entries) {
    const record = records[at]
    if (record === undefined) continue
    let results = open.get(at)
    if (results === undefined) {
      results = await readResults(core, record)
      open.set(at, results)
      if (open.size > keptRecords) open.delete(open.keys().next().value ?? at)
    }
    const result = results[within]
    if (result !== undefined) yield decodeValue(result[1], { codecs: core.codecs })
  }
}

async function readResults(core: StoreCore, record: ResultsRecord): Promise<readonly ItemResult[]> {
  if (record.checkpoint !== undefined) {
    const list = await readCheckpoint(core, record.checkpoint)
    if (isResultList(list)) return list
  } else {
    const progress = decodeRunRecord((await core.log.read(record.position)).payload)
    if (progress.type === 'stage.progress' && progress.results !== undefined) return progress.results
  }
  throw new WaymarkError('corrupt', {
    message: 'results of items are not where the log says they are',
    means: 'They cannot be read; nothing was changed.',
    remedy: 'Run the stage again with --redo STAGE.',
  })
}

const isResultList = (value: unknown): value is readonly ItemResult[] =>
  Array.isArray(value) &&
  value.every(entry => Array.isArray(entry) && typeof entry[0] === 'number' && entry[1] instanceof Uint8Array)
