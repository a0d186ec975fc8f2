import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { ChangeSet } from '../../src/engine/change-set.ts'
import { encodeRunRecord } from '../../src/engine/record-codec.ts'
import { coreOf } from '../../src/engine/store.ts'
import { encodeAccept } from '../../src/log/accept.ts'
import type { SegmentRecord } from '../../src/log/log.ts'
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

test('X4 a take-over that accepted all that was applied makes nothing be read again; one that accepted anything else does', t =>
  withStore(async store => {
    const { log } = coreOf(store)
    const created: RunRecord = { type: 'run.created', time: 1, pipeline: 'p', params: {}, paramsDigest: 'd' }
    const record = (sequence: number, content: RunRecord) => ({
      stream: 'r1',
      token: 1,
      sequence,
      kind: 'data' as const,
      payload: encodeRunRecord(content),
      position: { segment: 's1', offset: sequence, length: 1 },
    })
    const applied = [record(1, created), record(2, started('a', 1))]
    const histories = t.mock.method(log, 'history', async () => ({
      records: applied.slice(0, 1),
      token: 2,
      segment: 's2',
      tornBytes: 0,
    }))
    const all = { token: 1, sequence: 2, segment: 's1' }
    const copied = record(2, started('a', 1))
    const moved = record(2, { type: 'checkpoint.changed', time: 1, id: 'c', changes: {} })
    const takeOverOf = (copy: SegmentRecord): SegmentRecord => ({
      ...copy,
      kind: 'accept',
      sequence: 0,
      payload: encodeAccept(all, [copy]),
    })
    for (const [what, base, copies, isReadAgain] of [
      ['all of it', all, [], false],
      ['fewer records', { ...all, sequence: 1 }, [], true],
      ['more records than were applied', { ...all, sequence: 3 }, [], true],
      ['records of another owner', { ...all, token: 0 }, [], true],
      ['records in another segment', { ...all, segment: 's9' }, [], true],
      ['all of it, with copies of records whose places nobody shows', all, [copied, takeOverOf(copied)], false],
      ['all of it, with a copy of a checkpoint, which lasts only there', all, [copied, moved], true],
      ['all of it, with a copy of a take-over that holds such a copy', all, [takeOverOf(moved)], true],
      ['fewer records, with copies', { ...all, sequence: 1 }, [copied], true],
    ] as const) {
      const catalog = await openSqliteCatalog(':memory:')
      const add = async (segment: string, records: readonly SegmentRecord[]) => {
        const change = new ChangeSet(catalog, log, new Map((await catalog.marks()).map(one => [one.segment, one])))
        await change.add({ segment, end: 9, digest: 'd', provenEnd: 9, records })
        assert.ok(await change.apply())
      }
      await add('s1', applied)
      const before = histories.mock.callCount()
      const accept: SegmentRecord = {
        stream: 'r1',
        token: 2,
        sequence: 0,
        kind: 'accept',
        payload: encodeAccept(base, copies),
        position: { segment: 's2', offset: 0, length: 1 },
      }
      await add('s2', [accept])
      assert.equal(histories.mock.callCount() - before, isReadAgain ? 1 : 0, what)
      // What counts is what the log says then: here that the stage does not.
      assert.deepEqual(
        (await catalog.stages('r1')).map(({ path }) => path),
        isReadAgain ? [] : ['a'],
        what,
      )
      assert.equal((await catalog.heads(['r1'])).get('r1')?.token, 2, what)
      await catalog.close()
    }
  }))
