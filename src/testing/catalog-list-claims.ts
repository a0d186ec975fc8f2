import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Catalog, CheckpointQuery } from '../catalog/catalog.ts'
import { parseWhere } from '../model/checkpoint-filter.ts'
import { newestFirst, parseSort, placeOf, type SortOption, sortValue } from '../model/checkpoint-sort.ts'
import { matchesCheckpoint } from '../model/match-checkpoint.ts'
import { type ComparableValue, compareText } from '../model/metadata-values.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { apply, type CatalogClaim, ids, setCheckpoint } from './catalog-claim.ts'
import { now, randomView, randomWhere } from './random-checkpoints.ts'
import { seededRandom } from './seeded-random.ts'

const sortings: readonly (SortOption | undefined)[] = [
  undefined,
  { by: 'order', direction: 'asc' },
  { by: 'createdAt' },
  { by: 'logicalBytes', direction: 'asc' },
  { by: 'storedBytes' },
  { by: 'expiresAt', direction: 'asc' },
  { by: 'type' },
  { by: 'id', direction: 'asc' },
  { by: 'metadata.lr' },
  { by: 'metadata.lr', direction: 'asc' },
  { by: 'metadata.a.b', direction: 'asc' },
]

/** What a list must be, found without an index. */
function expectedIds(views: readonly CheckpointView[], query: CheckpointQuery): readonly string[] {
  const sort = query.sort ?? newestFirst
  const kept = views.filter(view => matchesCheckpoint(view, query.where ?? [], now) && sortValue(view, sort) !== undefined)
  const sign = sort.descending ? -1 : 1
  const sorted = kept.toSorted(
    (a, b) => sign * (compareValues(sortValue(a, sort), sortValue(b, sort)) || a.order - b.order || compareText(a.id, b.id)),
  )
  return sorted.map(view => view.id)
}

/** Numbers, texts, null, false, true. */
function compareValues(one: ComparableValue | undefined, other: ComparableValue | undefined): number {
  const rank = (value: ComparableValue | undefined): number =>
    typeof value === 'number' ? 0 : typeof value === 'string' ? 1 : value === null ? 2 : value === false ? 3 : 4
  if (typeof one === 'number' && typeof other === 'number') return one < other ? -1 : one > other ? 1 : 0
  if (typeof one === 'string' && typeof other === 'string') return compareText(one, other)
  return rank(one) - rank(other)
}

async function pages(
  catalog: Catalog,
  query: CheckpointQuery,
  limit: number,
  between?: (page: readonly CheckpointView[]) => Promise<void>,
) {
  const all: CheckpointView[] = []
  for (;;) {
    const last = all.at(-1)
    const place = last && placeOf(last, query.sort ?? newestFirst)
    const page = await catalog.checkpoints({ ...query, limit, ...(place === undefined ? {} : { after: place }) })
    all.push(...page)
    if (page.length < limit) return ids(all)
    await between?.(page)
  }
}

/** Filtering and sorting checkpoints. */
export function catalogListClaims(claim: CatalogClaim): void {
  const views = (seed: number): readonly CheckpointView[] => {
    const random = seededRandom(seed)
    return Array.from({ length: 120 }, (_, index) => randomView(random, index))
  }

  describe('filtering and sorting', () => {
    claim('whatever the conditions and the sorting, a list is what looking at every checkpoint finds (E4, D5)', async catalog => {
      const random = seededRandom(7)
      const stored = views(1)
      await apply(catalog, ...stored.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(setCheckpoint))
      let found = 0
      for (let trial = 0; trial < 1500; trial++) {
        const where = randomWhere(random)
        const query: CheckpointQuery = { where: parseWhere(where), sort: parseSort(random.pick(sortings)), now }
        const expected = expectedIds(stored, query)
        const shown = `trial ${trial}: ${JSON.stringify([where, query.sort])}`
        assert.deepEqual(ids(await catalog.checkpoints({ ...query, limit: 1000 })), expected, shown)
        if (trial % 5 === 0) assert.deepEqual(await pages(catalog, query, 1 + random.integer(9)), expected, `pages of ${shown}`)
        found += expected.length
      }
      assert.ok(found > 10_000)
    })

    for (const sort of sortings) {
      const by = sort === undefined ? 'nothing in particular' : `${sort.by} ${sort.direction ?? 'desc'}`
      claim(`pages sorted by ${by} neither repeat nor lose one while others are saved and deleted (E4)`, async catalog => {
        const stored = views(2)
        await apply(catalog, ...stored.map(setCheckpoint))
        const query: CheckpointQuery = { sort: parseSort(sort), now }
        const expected = expectedIds(stored, query)
        const random = seededRandom(3)
        let next = stored.length
        const seen = await pages(catalog, query, 7, async page => {
          // One that stands in between by its order, and the end of the page itself goes.
          const fresh = { ...randomView(random, next++), order: 1_700_000_000_000_000 + random.integer(60), id: `new${next}` }
          const last = page.at(-1)
          await apply(
            catalog,
            setCheckpoint(fresh),
            ...(last === undefined ? [] : [{ kind: 'delete-checkpoint', id: last.id } as const]),
          )
        })
        assert.deepEqual(
          seen.filter(id => !id.startsWith('new')),
          expected,
        )
        assert.equal(new Set(seen).size, seen.length)
      })
    }

    claim('more than sixty-four values of own metadata are kept, of which the first are compared', async catalog => {
      const metadata = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`k${index}`, index]))
      const view = { ...randomView(seededRandom(1), 1), metadata }
      await apply(catalog, setCheckpoint(view))
      assert.deepEqual(await catalog.checkpoint(view.id), view)
      assert.equal((await catalog.checkpoints({ where: parseWhere({ 'metadata.k63': 63 }) })).length, 1)
      assert.equal((await catalog.checkpoints({ where: parseWhere({ 'metadata.k64': 64 }) })).length, 0)
    })
  })
}
