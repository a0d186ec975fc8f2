import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { apply, type CatalogClaim, paths, setStage, stage } from './catalog-claim.ts'

/** Stages of a run. */
export function catalogStageClaims(claim: CatalogClaim): void {
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
}
