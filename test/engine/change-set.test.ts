import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { ChangeSet } from '../../src/engine/change-set.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import type { RunRecord } from '../../src/model/records.ts'
import { withStore } from './with-store.ts'

const started = (path: string, order: number, redo?: string): RunRecord => ({
  type: 'stage.started',
  time: 1,
  path,
  kind: 'stage',
  order,
  ...(redo === undefined ? {} : { redo }),
})

test('E10 a stage that the catalog has and that changes in the same batches is thrown away once, and one that is gone not again', () =>
  withStore(async store => {
    const catalog = await openSqliteCatalog(':memory:')
    let sequence = 0
    const apply = async (...records: readonly RunRecord[]) => {
      const change = new ChangeSet(catalog, coreOf(store).log, new Map((await catalog.marks()).map(one => [one.segment, one])))
      const end = sequence + records.length
      await change.add({
        segment: 's1',
        end,
        digest: 'd',
        provenEnd: end,
        records: records.map(record => ({
          stream: 'r1',
          token: 1,
          sequence: ++sequence,
          kind: 'data',
          payload: encodeRunRecord(record),
          position: { segment: 's1', offset: sequence, length: 1 },
        })),
      })
      assert.ok(await change.apply())
    }
    const shown = async () => [(await catalog.run('r1'))?.stagesStarted, (await catalog.stages('r1')).map(({ path }) => path)]
    await apply(
      { type: 'run.created', time: 1, pipeline: 'p', params: {}, paramsDigest: 'd' },
      ...['a', 'a/b', 'a/c', 'd'].map((path, at) => started(path, at + 1)),
    )
    assert.deepEqual(await shown(), [4, ['a', 'a/b', 'a/c', 'd']])
    await apply(started('a/b', 2), started('a', 1, 'asked for'), started('a/c', 3), started('a', 1, 'asked for again'))
    assert.deepEqual(await shown(), [2, ['a', 'd']])
    await catalog.close()
  }))
