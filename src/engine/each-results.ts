import { decodeValue } from '../format/decode-value.ts'
import { resultsIn } from '../format/result-bytes.ts'
import { WaymarkError } from '../model/errors.ts'
import type { ResultsRecord } from '../model/recorded-stage.ts'
import type { ItemResult } from '../model/records.ts'
import { learnResult, mostLookedAt } from './learn-result.ts'
import { readCheckpoint } from './read-checkpoint.ts'
import { decodeRunRecord } from './record-codec.ts'
import type { Redaction } from './redaction.ts'
import type { EachResults } from './run.ts'
import type { StoreCore } from './store-core.ts'

/** Wraps an iteration as what `results()` gives. The type is the one of the function whose results were recorded. What is secret in them becomes known as they are given out. */
export function eachResults<Value>(redaction: Redaction, iterate: () => AsyncIterable<unknown>): EachResults<Value> {
  const typed = (): AsyncIterable<Value> => learning(redaction, iterate() as AsyncIterable<Value>)
  return {
    [Symbol.asyncIterator]: () => typed()[Symbol.asyncIterator](),
    async toArray() {
      const values: Value[] = []
      for await (const value of typed()) values.push(value)
      return values
    },
  }
}

async function* learning<Value>(redaction: Redaction, values: AsyncIterable<Value>): AsyncIterable<Value> {
  let toLookAt = mostLookedAt
  let key = 0
  for await (const value of values) {
    if (toLookAt > 0) toLookAt = learnResult(redaction, value, toLookAt, [{ kind: 'index', key: key++ }])
    yield value
  }
}

/** Results kept in the store, in input order. In memory are those of the records whose items lie between one another. */
export async function* storedResults(core: StoreCore, records: readonly ResultsRecord[]): AsyncIterable<unknown> {
  const sorted = records.map((record, order) => ({ record, order })).sort((a, b) => a.record.from - b.record.from)
  let waiting: { readonly index: number; readonly order: number; readonly value: Uint8Array }[] = []
  for (const [at, { record, order }] of sorted.entries()) {
    for (const [index, value] of await readResults(core, record)) waiting.push({ index, order, value })
    // Items of equal index (keyed input that changed) come in the order they were recorded.
    waiting.sort((a, b) => a.index - b.index || a.order - b.order)
    const next = sorted[at + 1]?.record.from ?? Number.POSITIVE_INFINITY
    let given = 0
    for (const { index, value } of waiting) {
      // The record that comes next may have an item before this one.
      if (index >= next) break
      given++
      yield decodeValue(value, { codecs: core.codecs })
    }
    waiting = waiting.slice(given)
  }
}

async function readResults(core: StoreCore, record: ResultsRecord): Promise<readonly ItemResult[]> {
  if (record.checkpoint !== undefined) {
    const list = await readCheckpoint(core, record.checkpoint)
    if (isResultList(list)) return list
  } else {
    const progress = decodeRunRecord((await core.log.read(record.position)).payload)
    if (progress.type === 'stage.progress' && progress.resultBytes !== undefined) return [...resultsIn(progress.resultBytes)]
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
