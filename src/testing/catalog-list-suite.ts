import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Catalog, CatalogChange, CheckpointQuery } from '../catalog/catalog.ts'
import { stampChanges } from '../model/checkpoint-changes.ts'
import { type CheckpointWhere, parseWhere } from '../model/checkpoint-filter.ts'
import { newestFirst, parseSort, placeOf, type SortOption, sortValue } from '../model/checkpoint-sort.ts'
import { statusOf } from '../model/checkpoint-status.ts'
import { matchesCheckpoint } from '../model/match-checkpoint.ts'
import { type ComparableValue, compareText } from '../model/metadata-values.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { type SeededRandom, seededRandom } from './seeded-random.ts'

type Claim = (text: string, body: (catalog: Catalog) => Promise<void>) => void

const now = 5000
/** Texts that databases like to confuse. */
const texts = [
  '',
  'a',
  'ab',
  'a\0',
  'a\0b',
  '\u0001',
  '\ud800',
  '\ufffd',
  '10',
  'true',
  'é',
  '\u{1f600}',
  `${'x'.repeat(130)}1`,
  `${'x'.repeat(130)}2`,
]
const scalars: readonly ComparableValue[] = [...texts, 0, -1, 1, 1.5, 10, Number.POSITIVE_INFINITY, true, false, null]

function randomView(random: SeededRandom, index: number): CheckpointView {
  const some = (share: number): boolean => random.bool(share)
  const scalar = (): unknown => random.pick([...scalars, new Date(10), 10n, ['a', 1], { b: random.pick(scalars) }])
  return {
    id: `c${String((index * 7919) % 1000).padStart(3, '0')}`,
    order: 1_700_000_000_000_000 + Math.floor(index / 2),
    createdAt: 1000 + random.integer(5),
    type: random.pick(['stage', 'model', texts[2] ?? '']),
    tags: some(0.5) ? [random.pick(['x', 'y']), 'z'] : [],
    metadata: {
      ...(some(0.8) ? { lr: scalar() } : {}),
      ...(some(0.8) ? { 'a.b': random.integer(3) } : {}),
      ...(some(0.5) ? { o: { p: scalar() } } : {}),
    },
    digest: 'sha256:00',
    encoding: 'cbor',
    logicalBytes: random.integer(4),
    storedBytes: random.integer(4),
    content: { kind: 'inline' },
    record: { segment: 's1', offset: index, length: 40 },
    ...(some(0.7) ? { run: random.pick(['r1', 'r2']) } : {}),
    ...(some(0.7) ? { stage: random.pick(['load[1]', 'load[2]', 'save']) } : {}),
    ...(some(0.5) ? { expiresAt: random.pick([4999, 5000, 5001]) } : {}),
    ...(some(0.5) ? { status: random.pick(['completed', 'archived', 'damaged'] as const) } : {}),
    ...(some(0.3) ? { pins: [{ name: 'p', at: 1 }] } : {}),
    ...(some(0.3) ? { description: random.pick(texts) } : {}),
  }
}

function randomWhere(random: SeededRandom): CheckpointWhere {
  const condition = (): unknown =>
    random.pick<() => unknown>([
      () => random.pick(scalars),
      () => ({ [random.pick(['lt', 'lte', 'gt', 'gte'])]: random.pick([...texts, 0, 1, 10]) }),
      () => ({ gte: 0, lt: 10 }),
      () => ({ ne: random.pick(scalars) }),
      () => ({ in: [random.pick(scalars), random.pick(scalars), random.pick(scalars)] }),
      () => ({ prefix: random.pick(texts) }),
      () => ({ has: random.pick(['a', 1]) }),
      () => ({ exists: random.bool(0.5) }),
    ])()
  return Object.fromEntries(
    Array.from({ length: 1 + random.integer(2) }, () =>
      random.pick<() => readonly [string, unknown]>([
        () => ['metadata.lr', condition()],
        () => ['metadata.a.b', condition()],
        () => ['metadata.o.p', condition()],
        () => [
          'status',
          random.pick(['active', 'completed', 'expired', 'archived', { ne: 'expired' }, { in: ['active', 'damaged'] }]),
        ],
        () => ['tags', random.pick(['x', { has: ['x', 'z'] }, { exists: false }])],
        () => ['pinned', random.bool(0.5)],
        () => ['pins', { has: 'p' }],
        () => ['run', random.pick(['r1', { ne: 'r1' }, { exists: false }, { prefix: 'r' }])],
        () => ['stage', random.pick(['save', { prefix: 'load[' }, { in: ['save', 'load[1]'] }])],
        () => ['type', random.pick(['stage', 'model', { ne: 'stage' }, { gt: 'ab' }])],
        () => ['createdAt', random.pick([1001, { gt: 1001 }, { lte: 1003, gte: 1001 }, { in: [1000, 1004] }, { ne: 1000 }])],
        () => ['expiresAt', random.pick([{ lt: 5001 }, { exists: true }, { exists: false }])],
        () => ['logicalBytes', random.pick([2, { gte: 2 }])],
        () => ['id', random.pick([{ prefix: 'c1' }, 'c000', { gte: 'c5' }])],
        () => ['description', random.pick([{ exists: true }, 'a', { prefix: 'x' }])],
      ])(),
    ),
  ) as CheckpointWhere
}

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

const set = (checkpoint: CheckpointView): CatalogChange => ({ kind: 'checkpoint', checkpoint })
const apply = (catalog: Catalog, changes: readonly CatalogChange[]): Promise<boolean> =>
  catalog.apply(changes, { marks: new Map(), heads: new Map() })
const idsOf = (views: readonly CheckpointView[]): readonly string[] => views.map(view => view.id)

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
    if (page.length < limit) return idsOf(all)
    await between?.(page)
  }
}

/** Filtering, sorting, changing and counting checkpoints. */
export function catalogListClaims(claim: Claim): void {
  const views = (seed: number): readonly CheckpointView[] => {
    const random = seededRandom(seed)
    return Array.from({ length: 120 }, (_, index) => randomView(random, index))
  }

  describe('filtering and sorting', () => {
    claim('whatever the conditions and the sorting, a list is what looking at every checkpoint finds (E4, D5)', async catalog => {
      const random = seededRandom(7)
      const stored = views(1)
      await apply(catalog, stored.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(set))
      let found = 0
      for (let trial = 0; trial < 1500; trial++) {
        const where = randomWhere(random)
        const query: CheckpointQuery = { where: parseWhere(where), sort: parseSort(random.pick(sortings)), now }
        const expected = expectedIds(stored, query)
        const shown = `trial ${trial}: ${JSON.stringify([where, query.sort])}`
        assert.deepEqual(idsOf(await catalog.checkpoints({ ...query, limit: 1000 })), expected, shown)
        if (trial % 5 === 0) assert.deepEqual(await pages(catalog, query, 1 + random.integer(9)), expected, `pages of ${shown}`)
        found += expected.length
      }
      assert.ok(found > 10_000)
    })

    for (const sort of sortings) {
      const by = sort === undefined ? 'nothing in particular' : `${sort.by} ${sort.direction ?? 'desc'}`
      claim(`pages sorted by ${by} neither repeat nor lose one while others are saved and deleted (E4)`, async catalog => {
        const stored = views(2)
        await apply(catalog, stored.map(set))
        const query: CheckpointQuery = { sort: parseSort(sort), now }
        const expected = expectedIds(stored, query)
        const random = seededRandom(3)
        let next = stored.length
        const seen = await pages(catalog, query, 7, async page => {
          // One that stands in between by its order, and the end of the page itself goes.
          const fresh = { ...randomView(random, next++), order: 1_700_000_000_000_000 + random.integer(60), id: `new${next}` }
          const last = page.at(-1)
          await apply(catalog, [set(fresh), ...(last === undefined ? [] : [{ kind: 'delete-checkpoint', id: last.id } as const])])
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
      await apply(catalog, [set(view)])
      assert.deepEqual(await catalog.checkpoint(view.id), view)
      assert.equal((await catalog.checkpoints({ where: parseWhere({ 'metadata.k63': 63 }) })).length, 1)
      assert.equal((await catalog.checkpoints({ where: parseWhere({ 'metadata.k64': 64 }) })).length, 0)
    })
  })

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
      set(base),
    ]

    claim('changes in every order, and before the checkpoint itself, come to the same (D3)', async catalog => {
      let first: unknown
      for (const order of permutations(changes)) {
        await catalog.clear()
        for (const change of order) await apply(catalog, [change])
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
      await apply(catalog, [...changes].reverse())
      const find = (where: CheckpointWhere) => catalog.checkpoints({ where: parseWhere(where), now: 0 }).then(idsOf)
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
      for (const order of permutations([...changes.slice(1, 3), set(base), deletion])) {
        await catalog.clear()
        await apply(catalog, order)
        assert.equal(await catalog.checkpoint('c1'), undefined)
        const stats = await catalog.stats(now)
        first ??= stats
        assert.deepEqual(stats, first)
      }
    })

    claim('changes outlive that their checkpoint is applied anew', async catalog => {
      await apply(catalog, changes)
      const before = await catalog.checkpoint('c1')
      await apply(catalog, [{ kind: 'forget-stream', stream: 'r1' }])
      assert.equal(await catalog.checkpoint('c1'), undefined)
      await apply(catalog, [set(base)])
      assert.deepEqual(await catalog.checkpoint('c1'), before)
    })
  })

  claim('the statistics are those of the checkpoints there are, whatever was saved, changed and deleted (D5)', async catalog => {
    const random = seededRandom(5)
    const stored = new Map<string, CheckpointView>()
    for (let step = 0; step < 150; step++) {
      const view = randomView(random, step)
      const gone = random.bool(0.3) ? random.pick([...stored.keys(), view.id]) : undefined
      await apply(catalog, [set(view), ...(gone === undefined ? [] : [{ kind: 'delete-checkpoint', id: gone } as const])])
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

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map(rest => [item, ...rest]))
}
