import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { withStore } from './with-store.ts'

const nested = pipeline('nested', async run => {
  const rows = run.stage('rows', () => [1, 2])
  await run.each('items', rows, (n, ctx) => ctx.stage('inside', () => n))
  await run.stage('report', () => 1)
})

test('B9 what lay inside a stage that was reset is listed no more, and all of a run that was reset is gone', () =>
  withStore(async store => {
    const { run } = await nested.run({}, { store })
    const paths = async () => (await store.stages(run)).map(({ path }) => path)
    assert.deepEqual(await paths(), ['rows', 'items', 'items[0]/inside', 'items[1]/inside', 'report'])
    await store.reset(`${run}/items`)
    assert.deepEqual(await paths(), ['rows', 'items', 'report'])
    const { stagesStarted, stagesCompleted } = await store.run(run)
    assert.deepEqual([stagesStarted, stagesCompleted], [3, 2])
    await nested.run({}, { store, runId: run })
    assert.equal((await paths()).length, 5)
    await store.reset(run)
    assert.deepEqual(await paths(), [])
    assert.deepEqual((await store.verify({ full: true })).damaged, [])
  }))
