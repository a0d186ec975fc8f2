import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pipeline } from 'waymark'
import { openSqliteCatalog } from '../../src/catalog/sqlite-catalog.ts'
import { withStore } from './with-store.ts'

const stageCount = 120
const names = Array.from({ length: stageCount }, (_, n) => `stage-${n}`)

/** Opens a catalog that counts the stages it was made to read. */
function countingCatalog() {
  let read = 0
  const openCatalog = async (path: string) => {
    const catalog = await openSqliteCatalog(path)
    const stages = catalog.stages.bind(catalog)
    catalog.stages = async (run, which) => {
      const found = await stages(run, which)
      read += found.length
      return found
    }
    return catalog
  }
  return { openCatalog, read: () => read }
}

test('E10 each stage that is redone costs the catalog that stage and what lies inside it, however many stages the run has', async () => {
  const { openCatalog, read } = countingCatalog()
  await withStore(
    async store => {
      const many = pipeline('many', async run => {
        for (const name of names) await run.stage(name, ctx => ctx.stage('inner', () => 1))
      })
      const { run } = await many.run({}, { store })
      const before = read()
      await many.run({}, { store, runId: run, redo: names })
      const stages = await store.stages(run)
      assert.equal(stages.length, 2 * stageCount)
      assert.ok(stages.every(({ state, attempt }) => state === 'completed' && attempt === 2))
      assert.deepEqual((await store.verify()).damaged, [])
      const each = (read() - before) / stageCount
      assert.ok(each < 20, `${each} stages were read for each that was redone`)
    },
    { components: { openCatalog } },
  )
})
