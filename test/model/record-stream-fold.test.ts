import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsSupersededType } from '../../src/model/event-types.ts'
import { EventPack } from '../../src/model/packed-events.ts'
import { numberedEntries, RecordStreamFold } from '../../src/model/record-stream-fold.ts'
import type { RunRecord } from '../../src/model/records.ts'

const position = { segment: 's1', offset: 96, length: 10 }
const counts = { done: 1, skipped: 0, setAside: 0, retries: 0 }

function events(type: string, stage: string, ...items: readonly string[]): Extract<RunRecord, { type: 'events.recorded' }> {
  const pack = new EventPack()
  for (const item of items.length === 0 ? [undefined] : items)
    pack.add({ type, time: 1, status: 'info', stage, item, json: '{}' })
  return pack.record(1, 1)
}

const begin = (path: string, kind: 'stage' | 'each'): RunRecord => ({ type: 'stage.started', time: 1, path, kind, order: 1 })
const finish = (path: string, from: number, to: number): RunRecord => ({
  type: 'stage.progress',
  time: 1,
  path,
  counts,
  ranges: [[from, to]],
})
const again = (path: string): RunRecord => events(recordsSupersededType, path)

/** Stage and item of the entries that count. */
function counted(...records: readonly RunRecord[]): readonly string[] {
  const fold = new RecordStreamFold()
  const entries = records.flatMap(record => {
    const from = fold.entries
    fold.apply(record, position)
    return record.type === 'events.recorded' ? numberedEntries(record, from) : []
  })
  return entries.filter(entry => fold.counts(entry)).map(({ event: { stage, item } }) => `${stage} ${item ?? ''}`.trim())
}

test('A13 an item that only the output knew of after a kill, and that is recorded before the pass goes on, keeps its entry; the others do not', () => {
  const killed = [begin('e', 'each'), events('record:s', 'e', '0', '1', '2'), finish('e', 0, 0)]
  assert.deepEqual(counted(...killed), ['e 0', 'e 1', 'e 2'])
  assert.deepEqual(counted(...killed, begin('e', 'each')), ['e 0', 'e 1', 'e 2'])
  assert.deepEqual(counted(...killed, begin('e', 'each'), finish('e', 1, 1), again('e')), ['e 0', 'e 1'])
  assert.deepEqual(counted(...killed, begin('e', 'each'), again('e'), events('record:s', 'e', '1', '2'), finish('e', 1, 2)), [
    'e 0',
    'e 1',
    'e 2',
  ])
})

test('A13 an entry that comes behind the record of its item counts, and one of a stage of the item goes on its own', () => {
  assert.deepEqual(counted(begin('e', 'each'), finish('e', 0, 0), events('record:s', 'e', '0'), begin('e', 'each'), again('e')), [
    'e 0',
  ])
  const inside = [begin('e', 'each'), begin('e[0]/in', 'stage'), events('record:s', 'e[0]/in')]
  assert.deepEqual(counted(...inside, begin('e', 'each'), again('e')), [])
  const done: RunRecord = { type: 'stage.done', time: 1, path: 'e[0]/in', durationMs: 1 }
  assert.deepEqual(counted(...inside, done, begin('e', 'each'), again('e')), ['e[0]/in'])
  assert.deepEqual(counted(...inside, done, { type: 'stage.reset', time: 2, path: 'e' }), [])
  assert.deepEqual(counted(...inside, done, { type: 'stage.reset', time: 2, path: 'e[1]' }), ['e[0]/in'])
})
