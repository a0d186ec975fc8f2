import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { type BatchSource, ChangeSet } from '../../src/engine/change-set.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import type { RunRecord } from '../../src/model/records.ts'
import { withStore } from './with-store.ts'

const stages = 60

test('A18 the catalog is asked once for the stages of each run, however many of them some batches change, and shows what batch after batch would', () =>
  withStore(async store => {
    const { log } = coreOf(store)
    const together = await openSqliteCatalog(':memory:')
    const single = await openSqliteCatalog(':memory:')
    const inGroups = await openSqliteCatalog(':memory:')
    const asked: string[] = []
    const counted = countingStages(together, run => asked.push(run))
    for (const part of [allBatches.slice(0, 100), allBatches.slice(100)]) {
      asked.length = 0
      const change = new ChangeSet(counted, log, await marksOf(together))
      await change.add(...part)
      assert.ok(await change.apply())
      assert.deepEqual(asked.sort(), ['r1', 'r2'])
    }
    const groups = new ChangeSet(inGroups, log, new Map())
    for (let i = 0; i < allBatches.length; i += 30) await groups.add(...allBatches.slice(i, i + 30))
    assert.ok(await groups.apply())
    for (const batch of allBatches) {
      const change = new ChangeSet(single, log, await marksOf(single))
      await change.add(batch)
      assert.ok(await change.apply())
    }
    for (const run of ['r1', 'r2']) {
      for (const catalog of [together, inGroups]) {
        assert.deepEqual(await catalog.run(run), await single.run(run))
        assert.deepEqual(await catalog.stages(run), await single.stages(run))
      }
      assert.equal((await together.run(run))?.stagesCompleted, stages - 2)
    }
    assert.deepEqual(await together.marks(), await single.marks())
    assert.deepEqual(await together.heads(['r1', 'r2']), await single.heads(['r1', 'r2']))
    for (const catalog of [together, inGroups, single]) await catalog.close()
  }))

const sequences = new Map<string, number>()
let end = 0

/** Records of two runs, in batches of two: a stage begins in one batch and ends in a later one; one is thrown away with what lies in it. */
const allBatches: readonly BatchSource[] = (() => {
  const records: (readonly [run: string, record: RunRecord])[] = []
  for (const run of ['r1', 'r2']) {
    records.push([run, { type: 'run.created', time: 1, pipeline: 'p', params: {}, paramsDigest: 'd' }])
  }
  for (let i = 0; i <= stages; i++) {
    for (const run of ['r1', 'r2']) {
      if (i < stages) records.push([run, { type: 'stage.started', time: i, path: pathOf(i), kind: 'stage', order: i + 1 }])
      if (i > 0) records.push([run, { type: 'stage.done', time: i, path: pathOf(i - 1), durationMs: 1 }])
      if (i === 40)
        records.push([run, { type: 'stage.started', time: i, path: 's[30]', kind: 'stage', order: 31, redo: 'asked for' }])
    }
  }
  return Array.from({ length: Math.ceil(records.length / 2) }, (_, i) => batchOf(records.slice(i * 2, i * 2 + 2)))
})()

/** One lies inside another. */
function pathOf(i: number): string {
  return i === 31 ? 's[30]/inner' : `s[${i}]`
}

function batchOf(records: readonly (readonly [run: string, record: RunRecord])[]): BatchSource {
  end += 100
  return {
    segment: 's1',
    end,
    digest: 'd',
    provenEnd: end,
    records: records.map(([stream, record], i) => {
      const sequence = (sequences.get(stream) ?? 0) + 1
      sequences.set(stream, sequence)
      const position = { segment: 's1', offset: end - 100 + i * 10, length: 10 }
      return { stream, token: 1, sequence, kind: 'data', payload: encodeRunRecord(record), position }
    }),
  }
}

const marksOf = async (catalog: Catalog) => new Map((await catalog.marks()).map(mark => [mark.segment, mark]))

/** The catalog, and who is asked for single stages of it. */
function countingStages(catalog: Catalog, asked: (run: string) => void): Catalog {
  return {
    marks: segments => catalog.marks(segments),
    heads: streams => catalog.heads(streams),
    apply: (changes, expect) => catalog.apply(changes, expect),
    run: id => catalog.run(id),
    runs: query => catalog.runs(query),
    staleRuns: query => catalog.staleRuns(query),
    stages: (run, which) => {
      if (which === undefined || !('inside' in which)) asked(run)
      return catalog.stages(run, which)
    },
    checkpoint: id => catalog.checkpoint(id),
    checkpoints: query => catalog.checkpoints(query),
    summary: () => catalog.summary(),
    stats: now => catalog.stats(now),
    clear: () => catalog.clear(),
    close: () => catalog.close(),
  }
}
