import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Catalog, CheckpointQuery } from '../catalog/catalog.ts'
import type { CheckpointView } from '../model/run-view.ts'
import { apply, type CatalogClaim, checkpoint, ids, setCheckpoint } from './catalog-claim.ts'

/** Checkpoints and lists of them. */
export function catalogCheckpointClaims(claim: CatalogClaim): void {
  describe('checkpoints', () => {
    claim('a checkpoint comes back as it was given', async catalog => {
      const inline = checkpoint('c1', 1, { metadata: { tickers: ['A', 'B'], rows: 250n }, tags: ['x\0', 'x', 'x'] })
      const packed = checkpoint('c2', 2, {
        run: 'r1',
        stage: 'load',
        content: { kind: 'pack', pack: 'p1', first: 3, count: 2 },
      })
      await apply(catalog, setCheckpoint(inline), setCheckpoint(packed))
      assert.deepEqual(await catalog.checkpoint('c1'), inline)
      assert.deepEqual(await catalog.checkpoint('c2'), packed)
      assert.deepEqual(await catalog.checkpoints({}), [packed, inline])
    })

    const many = Array.from({ length: 130 }, (_, index) =>
      checkpoint(`c${String((index * 7919) % 1000).padStart(3, '0')}`, 1_700_000_000_000_000 + index * 3, {
        ...(index % 4 === 0 ? {} : { run: `r${index % 3}` }),
        ...(index % 4 < 2 ? {} : { stage: index % 2 === 0 ? 'load' : 'load[1]' }),
        type: ['stage', 'model', 'items'][index % 3] ?? '',
        tags: [...(index % 2 === 0 ? ['even'] : []), ...(index % 5 === 0 ? ['five', 'even%'] : [])],
      }),
    )
    const newestFirst = many.toReversed()
    const has = (tag: string) => (one: CheckpointView) => one.tags.includes(tag)
    const queries: Readonly<Record<string, readonly [CheckpointQuery, (checkpoint: CheckpointView) => boolean]>> = {
      all: [{}, () => true],
      'of a run': [{ run: 'r1' }, one => one.run === 'r1'],
      'of a stage of a run': [{ run: 'r1', stage: 'load' }, one => one.run === 'r1' && one.stage === 'load'],
      'of a stage of any run': [{ stage: 'load[1]' }, one => one.stage === 'load[1]'],
      'of a type': [{ type: 'model' }, one => one.type === 'model'],
      'of a type in a run': [{ run: 'r2', type: 'model' }, one => one.run === 'r2' && one.type === 'model'],
      'with a tag': [{ tags: ['even'] }, has('even')],
      'with two tags': [{ tags: ['even', 'five', 'even'] }, one => has('even')(one) && has('five')(one)],
      'with no tags asked for': [{ tags: [] }, () => true],
      'with a tag nobody has': [{ tags: ['even', 'ev'] }, () => false],
      'with a tag, in a run': [{ tags: ['five'], run: 'r2' }, one => has('five')(one) && one.run === 'r2'],
      'with a tag, of a type and stage': [
        { tags: ['even'], type: 'stage', stage: 'load' },
        one => has('even')(one) && one.type === 'stage' && one.stage === 'load',
      ],
      'with a prefix': [{ idPrefix: 'c1' }, one => one.id.startsWith('c1')],
      'with a prefix and a tag': [{ idPrefix: 'c', tags: ['even%'] }, has('even%')],
      'of an unknown run': [{ run: 'r' }, () => false],
    }
    for (const [what, [query, belongs]] of Object.entries(queries)) {
      claim(`checkpoints ${what} are listed newest first, page by page, none twice and none left out (A6, D5)`, async catalog => {
        await apply(catalog, ...many.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(setCheckpoint))
        const wanted = newestFirst.filter(belongs)
        assert.deepEqual(ids(await catalog.checkpoints({ ...query, limit: 1000 })), ids(wanted))
        for (const limit of [1, 7, 50]) assert.deepEqual(ids(await pagesOfCheckpoints(catalog, query, limit)), ids(wanted))
      })
    }

    claim('a list of checkpoints ends at 50 unless told otherwise', async catalog => {
      await apply(catalog, ...many.map(setCheckpoint))
      assert.equal((await catalog.checkpoints({})).length, 50)
      assert.equal((await catalog.checkpoints({ limit: 51 })).length, 51)
      assert.equal((await catalog.checkpoints({ limit: 0 })).length, 0)
      assert.equal((await catalog.checkpoints({ limit: Number.POSITIVE_INFINITY })).length, 130)
    })

    claim('a checkpoint that changes is the newer one, with its tags, and counted once', async catalog => {
      await apply(
        catalog,
        setCheckpoint(checkpoint('c1', 1, { tags: ['old', 'both'] })),
        setCheckpoint(checkpoint('c2', 2, { tags: ['old'] })),
      )
      const newer = checkpoint('c1', 3, { run: 'r1', type: 'model', tags: ['both', 'new'] })
      await apply(catalog, setCheckpoint(newer))
      assert.deepEqual(ids(await catalog.checkpoints({ tags: ['old'] })), ['c2'])
      assert.deepEqual(await catalog.checkpoints({ tags: ['new', 'both'] }), [newer])
      assert.deepEqual(await catalog.checkpoints({ run: 'r1' }), [newer])
      assert.deepEqual(ids(await catalog.checkpoints({})), ['c1', 'c2'])
      assert.deepEqual(await catalog.summary(), { runs: 0, checkpoints: 2, highestOrder: 3 })
    })

    claim('checkpoints of one order are on one page or the next, none twice and none left out', async catalog => {
      const equal = ['c1', 'c2', 'c3', 'c4', 'c5'].map(id => checkpoint(id, 7, { run: 'r', tags: ['t'] }))
      await apply(catalog, ...equal.map(setCheckpoint))
      for (const query of [{}, { run: 'r' }, { tags: ['t'] }]) {
        const pages = await pagesOfCheckpoints(catalog, query, 2)
        assert.deepEqual([...ids(pages)].sort(), ['c1', 'c2', 'c3', 'c4', 'c5'])
      }
    })

    claim('checkpoints of one order are both there', async catalog => {
      await apply(catalog, setCheckpoint(checkpoint('c1', 4)), setCheckpoint(checkpoint('c2', 4)))
      assert.deepEqual(new Set(ids(await catalog.checkpoints({}))), new Set(['c1', 'c2']))
    })
  })
}

async function pagesOfCheckpoints(catalog: Catalog, query: CheckpointQuery, limit: number): Promise<readonly CheckpointView[]> {
  const all: CheckpointView[] = []
  for (;;) {
    const last = all.at(-1)
    const page = await catalog.checkpoints({ ...query, limit, ...(last === undefined ? {} : { after: last }) })
    all.push(...page)
    if (page.length < limit) return all
  }
}
