import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Catalog } from '../../src/catalog/catalog.ts'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { CatalogFeed } from '../../src/engine/catalog-feed.ts'
import { coreOf } from '../../src/engine/store.ts'
import type { Clock } from '../../src/model/clock.ts'
import { withStore } from './with-store.ts'

test('X9 the longer applying takes, the longer a commit waits to be shown: a tenth of the time at most, and never longer than half a second', () =>
  withStore(async store => {
    const { log } = coreOf(store)
    const delays: number[] = []
    let costMs = 0
    let nowMs = 0
    const clock: Clock = {
      now: () => nowMs,
      monotonicMs: () => nowMs,
      after: delayMs => {
        delays.push(delayMs)
        return () => {}
      },
    }
    const catalog: Catalog = await openSqliteCatalog(':memory:')
    const marks = catalog.marks.bind(catalog)
    catalog.marks = async segments => {
      // Once in a flush.
      nowMs += costMs
      costMs = 0
      return marks(segments)
    }
    const feed = new CatalogFeed(log, catalog, clock, () => Promise.reject(new Error('it is sound')))
    const batch = { segment: 's', start: 0, end: 0, digest: 'd', durableEnd: 0, partial: false, records: [] }
    for (const cost of [0, 20, 30, 1_000, 1, 0]) {
      costMs = cost
      feed.committed(batch)
      feed.committed(batch)
      await feed.flush()
    }
    // The first of each two begins the wait; how long, the flush before it said.
    assert.deepEqual(delays, [50, 50, 200, 300, 500, 50])
    await feed.close()
  }))
