import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Catalog, CatalogChange, CatalogExpectation, CheckpointQuery, RunQuery, StreamHead } from '../catalog/catalog.ts'
import type { CheckpointView, RunState, RunView, StageView } from '../model/run-view.ts'
import { catalogListClaims } from './catalog-list-suite.ts'

/**
 * Registers tests (node:test) of everything the port promises but what damage and several processes show.
 *
 * @param make Opens a new, empty catalog; the suite closes it.
 *
 * @example
 * catalogSuite('my catalog', () => openMyCatalog())
 */
export function catalogSuite(name: string, make: () => Promise<Catalog>): void {
  const claim = (text: string, body: (catalog: Catalog) => Promise<void>): void => {
    test(text, async () => {
      const catalog = await make()
      try {
        await body(catalog)
      } finally {
        await catalog.close()
      }
    })
  }

  describe(`catalog: ${name}`, () => {
    describe('apply', () => {
      claim('a new catalog holds nothing and knows no segment and no stream', async catalog => {
        assert.deepEqual(await everything(catalog), nothing)
        assert.deepEqual(await catalog.heads(['r1', '@c1']), new Map())
        assert.equal(await catalog.run('r1'), undefined)
        assert.equal(await catalog.checkpoint('c1'), undefined)
        assert.deepEqual(await catalog.stages('r1'), [])
      })

      claim('marks say how far each segment was applied, the newest of each', async catalog => {
        await apply(catalog, mark('s1', 100), mark('s2', 50))
        await apply(catalog, mark('s1', 200))
        const marks = (await catalog.marks()).toSorted((a, b) => (a.segment < b.segment ? -1 : 1))
        assert.deepEqual(marks, [markOf('s1', 200), markOf('s2', 50)])
        assert.deepEqual(await catalog.marks(['s2', 's9', 's2']), [markOf('s2', 50)])
        assert.deepEqual(await catalog.marks([]), [])
      })

      claim('heads are those of the streams asked for, and none for an unknown one', async catalog => {
        await apply(catalog, head('r1', 1, 1), head('r2', 2, 7), head('@c1', 1, 1))
        await apply(catalog, head('r1', 1, 2))
        assert.deepEqual(
          await catalog.heads(['r1', '@c1', 'r9', 'r1']),
          new Map([
            ['r1', headOf(1, 2)],
            ['@c1', headOf(1, 1)],
          ]),
        )
        assert.deepEqual(await catalog.heads([]), new Map())
      })

      claim('changes are applied in their order', async catalog => {
        const first = run('r1', { state: 'running' })
        const last = run('r1', { state: 'failed', updatedAt: 9 })
        assert.equal(await apply(catalog, setRun(first), { kind: 'forget-stream', stream: 'r1' }, setRun(last)), true)
        assert.deepEqual(await catalog.run('r1'), last)
        await apply(catalog, setRun(last), { kind: 'forget-stream', stream: 'r1' })
        assert.equal(await catalog.run('r1'), undefined)
      })

      claim('a stage that is deleted is gone, and may come again; others stay', async catalog => {
        await apply(
          catalog,
          setStage(stage('r1', 'load')),
          setStage(stage('r1', 'load[a]/x')),
          setStage(stage('r2', 'load[a]/x')),
        )
        await apply(
          catalog,
          { kind: 'delete-stage', run: 'r1', path: 'load[a]/x' },
          { kind: 'delete-stage', run: 'r1', path: 'no' },
        )
        assert.deepEqual(await catalog.stages('r1'), [stage('r1', 'load')])
        assert.equal((await catalog.stages('r2')).length, 1)
        await apply(catalog, setStage(stage('r1', 'load[a]/x')))
        assert.equal((await catalog.stages('r1')).length, 2)
      })

      claim('applying the same changes twice is as once', async catalog => {
        const changes: CatalogChange[] = [
          setRun(run('r1')),
          setStage(stage('r1', 'load')),
          setCheckpoint(checkpoint('c1', 5, { run: 'r1', tags: ['a', 'b'] })),
          setCheckpoint(checkpoint('c2', 6)),
          { kind: 'delete-checkpoint', id: 'c2' },
          mark('s1', 10),
          head('r1', 1, 1),
        ]
        await apply(catalog, ...changes)
        const once = await everything(catalog)
        await apply(catalog, ...changes)
        assert.deepEqual(await everything(catalog), once)
      })

      const wrongExpectations: Readonly<Record<string, CatalogExpectation>> = {
        'a segment was applied further': { marks: new Map([['s1', 50]]), heads: new Map() },
        'a segment is known that must not be': { marks: new Map([['s1', 0]]), heads: new Map() },
        'a segment is unknown that must not be': { marks: new Map([['s2', 10]]), heads: new Map() },
        'a stream went on': { marks: new Map(), heads: new Map([['r1', headOf(1, 2)]]) },
        'a stream has another owner': { marks: new Map(), heads: new Map([['r1', headOf(2, 3)]]) },
        'a stream lies in another segment': { marks: new Map(), heads: new Map([['r1', headOf(1, 3, 's9')]]) },
        'a stream is known that must not be': { marks: new Map(), heads: new Map([['r1', undefined]]) },
        'a stream is unknown that must not be': { marks: new Map(), heads: new Map([['r2', headOf(1, 1)]]) },
        'only one of several does not hold': {
          marks: new Map([
            ['s1', 100],
            ['s2', 0],
          ]),
          heads: new Map<string, StreamHead | undefined>([
            ['r1', headOf(1, 3)],
            ['r2', headOf(1, 1)],
          ]),
        },
      }
      for (const [what, expect] of Object.entries(wrongExpectations)) {
        claim(`nothing is changed, and false is the answer, when ${what}`, async catalog => {
          await apply(catalog, mark('s1', 100), head('r1', 1, 3), setRun(run('r1')))
          const before = await everything(catalog)
          const changes = [setRun(run('r1', { state: 'failed' })), setRun(run('r2')), mark('s1', 300), head('r1', 5, 5)]
          assert.equal(await catalog.apply(changes, expect), false)
          assert.deepEqual(await everything(catalog), before)
        })
      }

      claim('changes are applied when everything expected holds', async catalog => {
        await apply(catalog, mark('s1', 100), head('r1', 1, 3))
        const expect: CatalogExpectation = {
          marks: new Map([
            ['s1', 100],
            ['s2', 0],
          ]),
          heads: new Map<string, StreamHead | undefined>([
            ['r1', headOf(1, 3)],
            ['r2', undefined],
          ]),
        }
        assert.equal(await catalog.apply([mark('s1', 120), mark('s2', 7), head('r2', 1, 1)], expect), true)
        assert.deepEqual((await catalog.heads(['r2'])).get('r2'), headOf(1, 1))
      })

      claim('of racing applies of one part of the log exactly one wins', async catalog => {
        const expect: CatalogExpectation = { marks: new Map([['s1', 0]]), heads: new Map() }
        const outcomes = await Promise.all(
          Array.from({ length: 10 }, (_, index) => catalog.apply([mark('s1', 10 + index), setRun(run(`r${index}`))], expect)),
        )
        assert.equal(outcomes.filter(Boolean).length, 1)
        assert.equal((await catalog.summary()).runs, 1)
      })

      claim('a change that cannot be stored changes nothing of its list', async catalog => {
        const bad = run('r2', { params: { callback: () => {} } })
        await assert.rejects(apply(catalog, setRun(run('r1')), setRun(bad)))
        assert.deepEqual(await everything(catalog), nothing)
      })
    })

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

    describe('stages', () => {
      claim('stages come in the order of first call, only those of the run', async catalog => {
        const stages = ['extract', 'transform', 'load', 'transform[7]/inner'].map((path, index) =>
          stage('r1', path, { order: index + 1 }),
        )
        await apply(catalog, ...stages.toReversed().map(setStage), setStage(stage('r2', 'extract')), setStage(stage('r', 'x')))
        assert.deepEqual(await catalog.stages('r1'), stages)
        assert.deepEqual(await catalog.stages('r9'), [])
      })

      claim('paths narrow the stages, in the same order', async catalog => {
        const stages = ['a', 'b', 'c', 'b[\u0001]'].map((path, index) => stage('r1', path, { order: index + 1 }))
        await apply(catalog, ...stages.map(setStage), setStage(stage('r2', 'b')))
        assert.deepEqual(paths(await catalog.stages('r1', ['b[\u0001]', 'a', 'z', 'a'])), ['a', 'b[\u0001]'])
        assert.deepEqual(await catalog.stages('r1', []), [])
      })

      claim('what lies inside a path is found, and nothing beside it', async catalog => {
        const within = ['b[1]', 'b[1]/c', 'b/c[2]', 'b[\ud800]', 'b/\u0001']
        const beside = ['a', 'b', 'bb', 'ba/b[1]', 'b.c', 'b]', 'b0', 'c/b[1]']
        const stages = [...within, ...beside].map((path, index) => stage('r1', path, { order: index + 1 }))
        await apply(catalog, ...stages.toReversed().map(setStage), setStage(stage('r2', 'b[1]')))
        assert.deepEqual(paths(await catalog.stages('r1', { inside: 'b' })), within)
        assert.deepEqual(paths(await catalog.stages('r1', { inside: 'b[1]' })), ['b[1]/c'])
        assert.deepEqual(await catalog.stages('r1', { inside: 'b[\ud800]' }), [])
        assert.deepEqual(await catalog.stages('r9', { inside: 'b' }), [])
      })

      claim('a stage that changes is the newer one', async catalog => {
        await apply(catalog, setStage(stage('r1', 'a', { order: 1 })), setStage(stage('r1', 'b', { order: 2 })))
        const done = stage('r1', 'a', { order: 3, state: 'completed', counts: { done: 3, skipped: 0, setAside: 0, retries: 1 } })
        await apply(catalog, setStage(done))
        assert.deepEqual(await catalog.stages('r1', ['a']), [done])
        assert.deepEqual(paths(await catalog.stages('r1')), ['b', 'a'])
      })
    })

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
        claim(
          `checkpoints ${what} are listed newest first, page by page, none twice and none left out (A6, D5)`,
          async catalog => {
            await apply(catalog, ...many.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(setCheckpoint))
            const wanted = newestFirst.filter(belongs)
            assert.deepEqual(ids(await catalog.checkpoints({ ...query, limit: 1000 })), ids(wanted))
            for (const limit of [1, 7, 50]) assert.deepEqual(ids(await pagesOfCheckpoints(catalog, query, limit)), ids(wanted))
          },
        )
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

    catalogListClaims(claim)

    claim('closing twice is closing once', async catalog => {
      await catalog.close()
      await catalog.close()
    })
  })
}

const nothing = {
  marks: [],
  runs: [],
  checkpoints: [],
  summary: { runs: 0, checkpoints: 0, highestOrder: 0 },
  stats: {
    checkpoints: 0,
    logicalBytes: 0,
    storedBytes: 0,
    types: [],
    statuses: { active: 0, completed: 0, expired: 0, archived: 0, damaged: 0 },
    stages: [],
    pinned: 0,
    expired: 0,
  },
}

async function everything(catalog: Catalog): Promise<unknown> {
  const limit = Number.POSITIVE_INFINITY
  return {
    marks: await catalog.marks(),
    runs: await catalog.runs({ limit }),
    checkpoints: await catalog.checkpoints({ limit }),
    summary: await catalog.summary(),
    stats: await catalog.stats(0),
  }
}

const apply = (catalog: Catalog, ...changes: readonly CatalogChange[]): Promise<boolean> =>
  catalog.apply(changes, { marks: new Map(), heads: new Map() })

async function pagesOfRuns(catalog: Catalog, query: RunQuery, limit: number): Promise<readonly RunView[]> {
  const all: RunView[] = []
  for (;;) {
    const after = all.at(-1)
    const page = await catalog.runs({ ...query, limit, ...(after === undefined ? {} : { after }) })
    all.push(...page)
    if (page.length < limit) return all
  }
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

const ids = (rows: readonly { readonly id: string }[]): readonly string[] => rows.map(row => row.id)
const paths = (stages: readonly StageView[]): readonly string[] => stages.map(one => one.path)

const setRun = (view: RunView): CatalogChange => ({ kind: 'run', run: view })
const setStage = (view: StageView): CatalogChange => ({ kind: 'stage', stage: view })
const setCheckpoint = (view: CheckpointView): CatalogChange => ({ kind: 'checkpoint', checkpoint: view })
const mark = (segment: string, appliedEnd: number): CatalogChange => ({ kind: 'mark', mark: markOf(segment, appliedEnd) })
const head = (stream: string, token: number, sequence: number): CatalogChange => ({
  kind: 'head',
  stream,
  head: headOf(token, sequence),
})
const markOf = (segment: string, appliedEnd: number) => ({
  segment,
  appliedEnd,
  digest: `d${appliedEnd}`,
  provenEnd: appliedEnd - 1,
})
const headOf = (token: number, sequence: number, segment = 's1'): StreamHead => ({ token, sequence, segment })

function run(id: string, change: Partial<RunView> = {}): RunView {
  return {
    id,
    pipeline: 'etl',
    state: 'running',
    params: { day: 1 },
    paramsDigest: 'sha256:00',
    declaredStages: ['extract', 'load'],
    createdAt: 1000,
    updatedAt: 1000,
    attempt: 1,
    stagesStarted: 0,
    stagesCompleted: 0,
    ...change,
  }
}

function stage(run: string, path: string, change: Partial<StageView> = {}): StageView {
  return { run, path, kind: 'stage', order: 1, state: 'running', startedAt: 1000, updatedAt: 1000, attempt: 1, ...change }
}

function checkpoint(id: string, order: number, change: Partial<CheckpointView> = {}): CheckpointView {
  return {
    id,
    type: 'stage',
    createdAt: 1000,
    order,
    tags: [],
    metadata: {},
    digest: 'sha256:00',
    encoding: 'cbor',
    logicalBytes: 10,
    storedBytes: 10,
    content: { kind: 'inline' },
    record: { segment: 's1', offset: order, length: 40 },
    ...change,
  }
}
