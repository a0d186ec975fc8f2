import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { CatalogChange, CatalogExpectation, StreamHead } from '../catalog/catalog.ts'
import {
  apply,
  type CatalogClaim,
  checkpoint,
  everything,
  head,
  headOf,
  mark,
  markOf,
  nothing,
  run,
  setCheckpoint,
  setRun,
  setStage,
  stage,
} from './catalog-claim.ts'

/** Applying changes: all of a list or nothing, in order, and only where what is expected holds. */
export function catalogApplyClaims(claim: CatalogClaim): void {
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
      await apply(catalog, setStage(stage('r1', 'load')), setStage(stage('r1', 'load[a]/x')), setStage(stage('r2', 'load[a]/x')))
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
}
