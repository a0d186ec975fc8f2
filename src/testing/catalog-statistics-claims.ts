import assert from 'node:assert/strict'
import { statusOf } from '../model/checkpoint-status.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { apply, type CatalogClaim, setCheckpoint } from './catalog-claim.ts'
import { now, randomView } from './random-checkpoints.ts'
import { seededRandom } from './seeded-random.ts'

/** Counting checkpoints. */
export function catalogStatisticsClaims(claim: CatalogClaim): void {
  claim('the statistics are those of the checkpoints there are, whatever was saved, changed and deleted (D5)', async catalog => {
    const random = seededRandom(5)
    const stored = new Map<string, CheckpointView>()
    for (let step = 0; step < 150; step++) {
      const view = randomView(random, step)
      const gone = random.bool(0.3) ? random.pick([...stored.keys(), view.id]) : undefined
      await apply(catalog, setCheckpoint(view), ...(gone === undefined ? [] : [{ kind: 'delete-checkpoint', id: gone } as const]))
      stored.set(view.id, view)
      if (gone !== undefined) stored.delete(gone)
    }
    const all = [...stored.values()]
    const stats = await catalog.stats(now)
    const count = (is: (view: CheckpointView) => boolean): number => all.filter(is).length
    const sum = (of: (view: CheckpointView) => number): number => all.reduce((total, view) => total + of(view), 0)
    assert.equal(stats.checkpoints, all.length)
    assert.equal(
      stats.logicalBytes,
      sum(view => view.logicalBytes),
    )
    assert.equal(
      stats.storedBytes,
      sum(view => view.storedBytes),
    )
    for (const [status, checkpoints] of Object.entries(stats.statuses)) {
      assert.equal(
        checkpoints,
        count(view => statusOf(view, now) === status),
        status,
      )
    }
    for (const { value, checkpoints } of stats.types)
      assert.equal(
        checkpoints,
        count(view => view.type === value),
      )
    assert.equal(stats.types.length, 3)
    assert.deepEqual(stats.stages.map(one => one.value).toSorted(), ['load[*]', 'save'])
    assert.equal(
      stats.stages.find(one => one.value === 'save')?.checkpoints,
      count(view => view.stage === 'save'),
    )
    assert.equal(
      stats.pinned,
      count(view => view.pins !== undefined),
    )
    assert.equal(stats.expired, stats.statuses.expired)
    assert.equal(stats.oldestAt, Math.min(...all.map(view => view.createdAt)))
    assert.equal(stats.newestAt, Math.max(...all.map(view => view.createdAt)))
  })
}
