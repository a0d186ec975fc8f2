import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folder, type ItemTarget, jsonl, open, parquet, pipeline } from 'waymark'
import { damageRecord } from './damage-record.ts'

interface Row {
  readonly id: number
}
const range = (count: number) => Array.from({ length: count }, (_, id) => id)

/** A completed pass with this output, of which the second record of progress is damaged, and the store repaired. */
async function fallen(t: TestContext, targetOf: (path: string) => ItemTarget<Row> | ReturnType<typeof jsonl<Row>>) {
  const base = mkdtempSync(join(tmpdir(), 'waymark-fall-back-'))
  t.after(() => rmSync(base, { recursive: true, force: true }))
  const calls: number[] = []
  const out = join(base, 'out')
  const work = pipeline('rows', async run => {
    const each = await run.each(
      'work',
      range(40),
      async id => {
        calls.push(id)
        await new Promise(resolve => setTimeout(resolve, 6))
        return { id }
      },
      { input: 1, output: targetOf(out), save: { items: 10 } },
    )
    return (await each.results().toArray()).map(({ id }) => id).sort((a, b) => a - b)
  })
  const path = join(base, '.waymark')
  const first = await open({ path })
  const { run } = await work.run({}, { store: first })
  await first.close()
  await damageRecord(path, 'stage.progress', 2)
  const store = await open({ path })
  t.after(() => store.close())
  const { actions } = await store.repair()
  assert.ok(actions.some(({ does }) => does === 'fall back'))
  calls.length = 0
  return { store, work, run, calls }
}

for (const [what, targetOf] of [
  ['a file of lines', (path: string) => jsonl<Row>(`${path}.jsonl`)],
  ['a folder', (path: string) => folder<Row>(path, { name: ({ id }) => `${id}.json` })],
] as const) {
  test(`B8 X3 a pass that fell back writes every row once again behind what counts: ${what}`, async t => {
    const { store, work, run, calls } = await fallen(t, targetOf)
    const { value } = await work.run({}, { store, runId: run })
    assert.deepEqual(value, range(40))
    assert.ok(calls.length > 0 && calls.length < 40, `${calls.length} calls`)
    assert.deepEqual(calls, range(40).slice(40 - calls.length))
  })
}

test('B8 X3 a Parquet output whose rows of that moment were put into a part since is refused, and is exact after a redo', async t => {
  const { store, work, run, calls } = await fallen(t, path => parquet<Row>(path, { rowsPerPart: 15 }))
  await assert.rejects(work.run({}, { store, runId: run }), /rows-\d+ .*(gone|not there|missing)/)
  assert.deepEqual(calls, [])
  const { value } = await work.run({}, { store, runId: run, redo: ['work'] })
  assert.deepEqual(value, range(40))
})
