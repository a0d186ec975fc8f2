import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { CatalogChange } from '../catalog/catalog.ts'
import { stampChanges } from '../model/checkpoint-changes.ts'
import { type CheckpointWhere, parseWhere } from '../model/checkpoint-filter.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { apply, type CatalogClaim, ids, setCheckpoint } from './catalog-claim.ts'
import { now, randomView } from './random-checkpoints.ts'
import { seededRandom } from './seeded-random.ts'

/** What is said of a checkpoint after it was saved. */
export function catalogChangeClaims(claim: CatalogClaim): void {
  describe('changing', () => {
    const base: CheckpointView = {
      ...randomView(seededRandom(1), 1),
      id: 'c1',
      run: 'r1',
      tags: ['old'],
      metadata: { a: 1, b: 2 },
    }
    const at = (offset: number, segment = 's1') => ({ segment, offset, length: 9 })
    const changes: readonly CatalogChange[] = [
      {
        kind: 'change-checkpoint',
        id: 'c1',
        changes: stampChanges({ status: 'archived', tags: ['new'], metadata: { a: 5, c: 1 } }, 10, at(1)),
      },
      {
        kind: 'change-checkpoint',
        id: 'c1',
        changes: stampChanges({ status: 'completed', metadata: { b: null, c: 2 }, pin: { name: 'p', at: 1 } }, 20, at(2)),
      },
      {
        kind: 'change-checkpoint',
        id: 'c1',
        changes: stampChanges({ unpin: 'p', description: 'x', metadata: { c: null } }, 20, at(1, 's2')),
      },
      {
        kind: 'change-checkpoint',
        id: 'c1',
        changes: stampChanges({ description: null, expiresAt: 7, pin: { name: 'q', at: 2 } }, 15, at(3)),
      },
      setCheckpoint(base),
    ]

    claim('changes in every order, and before the checkpoint itself, come to the same (D3)', async catalog => {
      let first: unknown
      for (const order of permutations(changes)) {
        await catalog.clear()
        for (const change of order) await apply(catalog, change)
        const state = { view: await catalog.checkpoint('c1'), stats: await catalog.stats(now) }
        first ??= state
        assert.deepEqual(state, first)
      }
      const changed = await catalog.checkpoint('c1')
      assert.deepEqual(changed?.metadata, { a: 5 })
      assert.deepEqual(changed?.tags, ['new'])
      assert.equal(changed?.status, 'completed')
      assert.equal(changed?.expiresAt, 7)
      assert.equal(changed?.description, 'x')
      assert.deepEqual(changed?.pins, [{ name: 'q', at: 2 }])
      assert.equal(changed?.changedAt, 20)
    })

    claim('a list finds a checkpoint by what it was changed to, no longer by what it was (D3, E4)', async catalog => {
      await apply(catalog, ...[...changes].reverse())
      const find = (where: CheckpointWhere) => catalog.checkpoints({ where: parseWhere(where), now: 0 }).then(ids)
      for (const where of [
        { tags: 'new' },
        { status: 'completed' },
        { 'metadata.a': 5 },
        { pins: 'q' },
        { pinned: true },
      ] as const) {
        assert.deepEqual(await find(where), ['c1'], JSON.stringify(where))
      }
      for (const where of [
        { tags: 'old' },
        { status: 'active' },
        { 'metadata.a': 1 },
        { 'metadata.b': 2 },
        { pins: 'p' },
      ] as const) {
        assert.deepEqual(await find(where), [], JSON.stringify(where))
      }
    })

    claim('a change after the deletion is void, in whatever order', async catalog => {
      const deletion: CatalogChange = { kind: 'delete-checkpoint', id: 'c1' }
      let first: unknown
      for (const order of permutations([...changes.slice(1, 3), setCheckpoint(base), deletion])) {
        await catalog.clear()
        await apply(catalog, ...order)
        assert.equal(await catalog.checkpoint('c1'), undefined)
        const stats = await catalog.stats(now)
        first ??= stats
        assert.deepEqual(stats, first)
      }
    })

    claim('changes outlive that their checkpoint is applied anew', async catalog => {
      await apply(catalog, ...changes)
      const before = await catalog.checkpoint('c1')
      await apply(catalog, { kind: 'forget-stream', stream: 'r1' })
      assert.equal(await catalog.checkpoint('c1'), undefined)
      await apply(catalog, setCheckpoint(base))
      assert.deepEqual(await catalog.checkpoint('c1'), before)
    })
  })
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map(rest => [item, ...rest]))
}
