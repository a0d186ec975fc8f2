import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Catalog, RunQuery } from '../catalog/catalog.ts'
import type { RunState, RunView } from '../model/run-view.ts'
import { apply, type CatalogClaim, checkpoint, ids, run, setCheckpoint, setRun } from './catalog-claim.ts'

/** Runs and lists of them. */
export function catalogRunClaims(claim: CatalogClaim): void {
  describe('runs', () => {
    claim('a run comes back as it was given', async catalog => {
      const given = run('r1', {
        params: {
          when: new Date(5),
          big: 2n ** 70n,
          map: new Map([[1, new Set(['x'])]]),
          none: undefined,
          nan: Number.NaN,
          bytes: new Uint8Array(3),
        },
        createdAt: 1_700_000_000_000.5,
        owner: { process: 'p', host: 'h', pid: 7 },
        error: { name: 'Error', message: 'broke\0 \u{1F600}' },
        lastStage: 'load[a%2Fb]/inner',
      })
      await apply(catalog, setRun(given))
      assert.deepEqual(await catalog.run('r1'), given)
      assert.deepEqual(await catalog.runs({}), [given])
    })

    claim('a run that changes is the newer one everywhere, and counted once', async catalog => {
      await apply(catalog, setRun(run('r1', { state: 'running' })))
      const newer = run('r1', { state: 'completed', pipeline: 'other', createdAt: 77, paramsDigest: 'd9' })
      await apply(catalog, setRun(newer))
      for (const query of [
        {},
        { pipeline: 'other' },
        { states: ['completed'] },
        { paramsDigest: 'd9', pipeline: 'other' },
      ] satisfies RunQuery[]) {
        assert.deepEqual(await catalog.runs(query), [newer])
      }
      assert.deepEqual(await catalog.runs({ pipeline: 'etl' }), [])
      assert.deepEqual(await catalog.runs({ states: ['running'] }), [])
      assert.equal((await catalog.summary()).runs, 1)
    })

    const states: readonly RunState[] = ['completed', 'running', 'failed', 'completed']
    const many = Array.from({ length: 120 }, (_, index) =>
      run(`r${String((index * 7919) % 1000).padStart(3, '0')}`, {
        // Three at a time share their moment.
        createdAt: Math.floor(index / 3),
        pipeline: index % 2 === 0 ? 'etl' : 'scrape',
        paramsDigest: `d${index % 5}`,
        state: states[index % 4] ?? 'running',
        ...(index % 7 === 0 ? { forkedFrom: { run: 'r999', time: 1, token: 1, sequence: 2 } } : {}),
      }),
    )
    const newestFirst = many.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
    const queries: Readonly<Record<string, readonly [RunQuery, (run: RunView) => boolean]>> = {
      all: [{}, () => true],
      'of a pipeline': [{ pipeline: 'etl' }, one => one.pipeline === 'etl'],
      'of a pipeline with params': [
        { pipeline: 'etl', paramsDigest: 'd3' },
        one => one.pipeline === 'etl' && one.paramsDigest === 'd3',
      ],
      'with params': [{ paramsDigest: 'd2' }, one => one.paramsDigest === 'd2'],
      'in a state': [{ states: ['failed'] }, one => one.state === 'failed'],
      'in one of several states': [{ states: ['running', 'failed'] }, one => one.state === 'running' || one.state === 'failed'],
      'in a state named twice': [{ states: ['running', 'running'] }, one => one.state === 'running'],
      'in no state': [{ states: [] }, () => false],
      'of a pipeline in states': [
        { pipeline: 'scrape', states: ['running', 'paused'] },
        one => one.pipeline === 'scrape' && one.state === 'running',
      ],
      'of a pipeline, completed or failed': [
        { pipeline: 'etl', states: ['completed', 'failed'] },
        one => one.pipeline === 'etl' && (one.state === 'completed' || one.state === 'failed'),
      ],
      'of a pipeline with params in a state': [
        { pipeline: 'etl', paramsDigest: 'd0', states: ['completed'] },
        one => one.pipeline === 'etl' && one.paramsDigest === 'd0' && one.state === 'completed',
      ],
      'with a prefix': [{ idPrefix: 'r1' }, one => one.id.startsWith('r1')],
      'with a prefix, of a pipeline in a state': [
        { idPrefix: 'r', pipeline: 'etl', states: ['completed'] },
        one => one.pipeline === 'etl' && one.state === 'completed',
      ],
      'with no prefix': [{ idPrefix: '' }, () => true],
      'forked from a run': [{ forkedFrom: 'r999' }, one => one.forkedFrom !== undefined],
      'forked from a run, in a state': [
        { forkedFrom: 'r999', states: ['failed'] },
        one => one.forkedFrom !== undefined && one.state === 'failed',
      ],
      'forked from one that has no forks': [{ forkedFrom: 'r998' }, () => false],
      'of an unknown pipeline': [{ pipeline: 'et' }, () => false],
    }
    for (const [what, [query, belongs]] of Object.entries(queries)) {
      claim(`runs ${what} are listed newest first, page by page, none twice and none left out`, async catalog => {
        await apply(catalog, ...many.map(setRun))
        const wanted = newestFirst.filter(belongs)
        assert.deepEqual(ids(await catalog.runs({ ...query, limit: 1000 })), ids(wanted))
        for (const limit of [1, 7, 50]) assert.deepEqual(ids(await pagesOfRuns(catalog, query, limit)), ids(wanted))
      })
    }

    claim('a list of runs ends at 50 unless told otherwise', async catalog => {
      await apply(catalog, ...many.map(setRun))
      assert.equal((await catalog.runs({})).length, 50)
      assert.equal((await catalog.runs({ limit: 51 })).length, 51)
      assert.equal((await catalog.runs({ limit: 0 })).length, 0)
      assert.equal((await catalog.runs({ limit: Number.POSITIVE_INFINITY })).length, 120)
    })

    claim(
      'runs with old checkpoints are those that ended, that are none of the newest of their pipeline, and of which something is left',
      async catalog => {
        const fewest = many.filter((_, index) => index % 10 !== 3)
        const saved = many.flatMap(({ id }, index) => {
          const pinned = { pins: [{ name: 'audit', at: 1 }] }
          if (index % 5 === 0) return []
          const first = checkpoint(`c${id}`, 2 * index + 1, index % 3 === 0 ? { run: id, ...pinned } : { run: id })
          return index % 6 === 0 ? [first, checkpoint(`d${id}`, 2 * index + 2, { run: id })] : [first]
        })
        await apply(catalog, ...fewest.map(setRun), ...saved.map(setCheckpoint))
        const free = new Set<string | undefined>(saved.filter(one => one.pins === undefined).map(one => one.run))
        for (const [createdBy, newestRuns] of [
          [1_000, 0],
          [1_000, 1],
          [30, 0],
          [30, 10],
          [20, 40],
          [-1, 0],
          [1_000, 1_000],
        ] as const) {
          const newest = ['etl', 'scrape'].flatMap(pipeline =>
            newestFirst.filter(one => one.pipeline === pipeline && fewest.includes(one)).slice(0, newestRuns),
          )
          const wanted = newestFirst.filter(
            one =>
              fewest.includes(one) &&
              one.state === 'completed' &&
              one.createdAt <= createdBy &&
              free.has(one.id) &&
              !newest.includes(one),
          )
          assert.deepEqual(ids(await catalog.staleRuns({ createdBy, newestRuns })), ids(wanted))
        }
      },
    )

    claim(
      'the stamp of a run with old checkpoints is another one when one of these is saved, deleted, pinned or unpinned, and else the same',
      async catalog => {
        const stampOf = async (id: string) =>
          (await catalog.staleRuns({ createdBy: Number.MAX_SAFE_INTEGER, newestRuns: 0 })).find(one => one.id === id)?.stamp
        const kept = checkpoint('kept', 1, { run: 'a' })
        const done = { state: 'completed' } as const
        await apply(catalog, setRun(run('a', done)), setRun(run('b', done)), setCheckpoint(kept))
        await apply(catalog, setCheckpoint(checkpoint('other', 2, { run: 'b' })))
        const stamps = [await stampOf('a')]
        await apply(catalog, setCheckpoint(checkpoint('more', 3, { run: 'a' })))
        stamps.push(await stampOf('a'))
        const ofOther = await stampOf('b')
        await apply(catalog, setCheckpoint({ ...kept, pins: [{ name: 'audit', at: 1 }] }))
        stamps.push(await stampOf('a'))
        await apply(catalog, setCheckpoint(checkpoint('third', 4, { run: 'a' })))
        stamps.push(await stampOf('a'))
        await apply(catalog, { kind: 'delete-checkpoint', id: 'more' })
        stamps.push(await stampOf('a'))
        assert.ok(!stamps.includes(undefined))
        assert.equal(new Set(stamps).size, stamps.length)
        assert.deepEqual([await stampOf('a'), await stampOf('b')], [stamps.at(-1), ofOther])
      },
    )

    claim('a prefix is text, not a pattern', async catalog => {
      await apply(catalog, setRun(run('a_b')), setRun(run('axb')), setRun(run('a%')), setRun(run('A_b')))
      assert.deepEqual(ids(await catalog.runs({ idPrefix: 'a_' })), ['a_b'])
      assert.deepEqual(ids(await catalog.runs({ idPrefix: 'a%' })), ['a%'])
      assert.deepEqual(ids(await catalog.runs({ idPrefix: '%' })), [])
    })

    claim('any text can be a pipeline, and different texts are different pipelines', async catalog => {
      const names = [
        '',
        'a',
        'a\0',
        'a\0b',
        '\ud800',
        '\udc00',
        '\ufffd',
        '\u0001',
        '\u0001"a"',
        '\u0001"a\\u0000"',
        "'; DROP TABLE run; --",
        'é',
        'e\u0301',
      ]
      await apply(catalog, ...names.map((pipeline, index) => setRun(run(`r${index}`, { pipeline }))))
      for (const [index, pipeline] of names.entries()) {
        assert.deepEqual(await catalog.runs({ pipeline }), [run(`r${index}`, { pipeline })])
      }
    })
  })
}

async function pagesOfRuns(catalog: Catalog, query: RunQuery, limit: number): Promise<readonly RunView[]> {
  const all: RunView[] = []
  for (;;) {
    const after = all.at(-1)
    const page = await catalog.runs({ ...query, limit, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < limit) return all
  }
}
