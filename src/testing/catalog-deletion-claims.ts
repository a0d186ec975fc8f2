import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { CatalogChange } from '../catalog/catalog.ts'
import {
  apply,
  type CatalogClaim,
  checkpoint,
  everything,
  head,
  headOf,
  ids,
  mark,
  nothing,
  run,
  setCheckpoint,
  setRun,
  setStage,
  stage,
} from './catalog-claim.ts'

/** Deleting, forgetting and clearing. */
export function catalogDeletionClaims(claim: CatalogClaim): void {
  describe('deleting and forgetting', () => {
    claim('a deleted checkpoint is in no answer', async catalog => {
      await apply(
        catalog,
        setCheckpoint(checkpoint('c1', 1, { run: 'r1', tags: ['a'] })),
        setCheckpoint(checkpoint('c2', 2, { run: 'r1', tags: ['a'] })),
      )
      await apply(catalog, { kind: 'delete-checkpoint', id: 'c2' })
      assert.equal(await catalog.checkpoint('c2'), undefined)
      for (const query of [{}, { run: 'r1' }, { tags: ['a'] }, { idPrefix: 'c' }]) {
        assert.deepEqual(ids(await catalog.checkpoints(query)), ['c1'])
      }
    })

    claim('the highest order counts deleted checkpoints, and those never seen alive', async catalog => {
      await apply(catalog, setCheckpoint(checkpoint('c1', 10)), setCheckpoint(checkpoint('c2', 20)), {
        kind: 'delete-checkpoint',
        id: 'c2',
      })
      assert.deepEqual(await catalog.summary(), { runs: 0, checkpoints: 1, highestOrder: 20 })
      await apply(catalog, { kind: 'delete-checkpoint', id: 'c3' }, setCheckpoint(checkpoint('c3', 30)))
      assert.deepEqual(await catalog.summary(), { runs: 0, checkpoints: 1, highestOrder: 30 })
    })

    claim('a checkpoint that is applied after its deletion stays deleted', async catalog => {
      await apply(catalog, { kind: 'delete-checkpoint', id: 'c1' })
      await apply(catalog, setCheckpoint(checkpoint('c1', 1, { run: 'r1', tags: ['a'] })))
      assert.equal(await catalog.checkpoint('c1'), undefined)
      assert.deepEqual(await catalog.checkpoints({ tags: ['a'] }), [])
    })

    claim('forgetting a stream takes its run, stages, checkpoints and head, and nothing else', async catalog => {
      const keep: CatalogChange[] = [
        setRun(run('r2')),
        setStage(stage('r2', 'load')),
        setCheckpoint(checkpoint('c2', 2, { run: 'r2', tags: ['a'] })),
        setCheckpoint(checkpoint('c3', 3)),
        head('r2', 1, 1),
        head('@r1', 1, 1),
        mark('s1', 10),
      ]
      await apply(catalog, ...keep)
      const before = await everything(catalog)
      await apply(
        catalog,
        setRun(run('r1')),
        setStage(stage('r1', 'load')),
        setStage(stage('r1', 'save')),
        setCheckpoint(checkpoint('c1', 1, { run: 'r1', tags: ['a'] })),
        head('r1', 1, 1),
      )
      await apply(catalog, { kind: 'forget-stream', stream: 'r1' })
      assert.deepEqual(await everything(catalog), before)
      assert.deepEqual(await catalog.stages('r1'), [])
      assert.deepEqual(await catalog.heads(['r1', '@r1']), new Map([['@r1', headOf(1, 1)]]))
    })

    claim('forgetting the stream of a checkpoint takes that checkpoint', async catalog => {
      await apply(catalog, setCheckpoint(checkpoint('mine', 1)), setCheckpoint(checkpoint('other', 2)), head('@mine', 1, 1))
      await apply(catalog, { kind: 'forget-stream', stream: '@mine' })
      assert.deepEqual(ids(await catalog.checkpoints({})), ['other'])
      assert.deepEqual(await catalog.heads(['@mine']), new Map())
    })

    claim('forgetting does not revive what was deleted', async catalog => {
      const deleted = setCheckpoint(checkpoint('c1', 1, { run: 'r1' }))
      await apply(catalog, deleted, { kind: 'delete-checkpoint', id: 'c1' }, { kind: 'forget-stream', stream: 'r1' }, deleted)
      assert.equal(await catalog.checkpoint('c1'), undefined)
      assert.equal((await catalog.summary()).highestOrder, 1)
    })

    claim('clearing removes everything, tombstones too (X8)', async catalog => {
      await apply(
        catalog,
        setRun(run('r1')),
        setStage(stage('r1', 'load')),
        setCheckpoint(checkpoint('c1', 1, { tags: ['a'] })),
        setCheckpoint(checkpoint('c2', 2)),
        { kind: 'delete-checkpoint', id: 'c2' },
        mark('s1', 10),
        head('r1', 1, 1),
      )
      await catalog.clear()
      assert.deepEqual(await everything(catalog), nothing)
      assert.deepEqual(await catalog.stages('r1'), [])
      assert.deepEqual(await catalog.heads(['r1']), new Map())
      await apply(catalog, setCheckpoint(checkpoint('c2', 2)))
      assert.deepEqual(ids(await catalog.checkpoints({})), ['c2'])
    })
  })
}
