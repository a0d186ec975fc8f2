import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { open } from 'waymark'
import { damageAt, segmentFiles } from '../engine/damaged-log.ts'
import { WaymarkProject } from './waymark-project.ts'

const shop = `
import { appendFileSync } from 'node:fs'
import { jsonl, pipeline } from 'waymark'
const note = (text: string) => appendFileSync(import.meta.dirname + '/calls.txt', text + '\\n')
export default pipeline('shop', async run => {
  const orders = run.stage('extract', () => {
    note('extract')
    return Array.from({ length: 40 }, (_, id) => ({ id }))
  })
  await run.each('enrich', orders, async (order: { id: number }) => {
    note('item ' + order.id)
    await new Promise(resolve => setTimeout(resolve, 8))
    return { id: order.id, double: order.id * 2 }
  }, { output: jsonl('out.jsonl'), save: { items: 10 } })
  await run.stage('report', () => note('report'))
}, { stages: ['extract', 'enrich', 'report'] })
`

/** A run that is completed, of which one record in the middle of its closed segment is damaged; and what puts that right. */
async function damagedShop(t: TestContext): Promise<{ project: WaymarkProject; run: string; kept: number; mend: () => void }> {
  const project = await WaymarkProject.create(t, { 'shop.ts': shop })
  assert.equal((await project.waymark('run', 'shop.ts')).code, 0)
  const store = await open({ path: join(project.path, '.waymark'), readOnly: true })
  const [run] = await store.runs()
  const saves: number[] = []
  for await (const event of store.events(run?.id ?? '')) {
    if (event.type === 'stage.progress' && event.path === 'enrich') saves.push(event.counts.done)
  }
  await store.close()
  assert.ok(saves.length >= 3, `${saves.length} saves`)
  const file = segmentFiles(join(project.path, '.waymark')).find(path => readFileSync(path).includes('stage.progress'))
  assert.ok(file !== undefined)
  const mend = damageAt(file, 'stage.progress', 2)
  return { project, run: run?.id ?? '', kept: saves[0] ?? 0, mend }
}

const calls = (project: WaymarkProject): string[] => readFileSync(join(project.path, 'calls.txt'), 'utf8').trimEnd().split('\n')

const results = (project: WaymarkProject): number[] =>
  readFileSync(join(project.path, 'out.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line).id)

test('B8 A15 a run with a damaged record in the middle of a closed segment goes on after a repair from the record before it, and its costs were said', async t => {
  const { project, run, kept } = await damagedShop(t)
  const refused = await project.waymark('resume', run, '--redo', 'report')
  assert.equal(refused.code, 5, refused.stdout + refused.stderr)
  const waits = await project.waymark('repair')
  assert.equal(waits.code, 9, waits.stdout + waits.stderr)
  assert.match(waits.stdout, new RegExp(`fall back run ${run} {2}goes on from its last record before the damage, number \\d+`))
  assert.match(waits.stdout, new RegExp(`costs {2}enrich calls ${40 - kept} items again when run ${run} goes on`))
  assert.match(waits.stdout, /costs {2}report is called again/)
  assert.doesNotMatch(waits.stdout, /begun anew|costs {2}extract/)
  assert.equal((await project.waymark('resume', run, '--redo', 'report')).code, 5, 'nothing was changed without a yes')

  const repaired = await project.waymark('repair', '--yes')
  assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr)
  assert.match((await project.waymark('repair')).stdout, /nothing to repair/)
  const before = calls(project).length
  const resumed = await project.waymark('resume', run)
  assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr)
  assert.deepEqual(calls(project).slice(before), [...Array.from({ length: 40 - kept }, (_, n) => `item ${n + kept}`), 'report'])
  assert.deepEqual(
    results(project).sort((a, b) => a - b),
    Array.from({ length: 40 }, (_, id) => id),
  )
  assert.equal((await project.waymark('verify', '--full')).code, 0)

  const [, id = ''] = /waymark repair --undo (\w+)/.exec(repaired.stdout) ?? []
  assert.match((await project.waymark('repair', '--undo', id)).stdout, /stays {2}run \w+ as it is: it has gone on since/)
  assert.match((await project.waymark('show', run)).stdout, /completed/)
})

test('B8 a fall back is undone: the run is refused as before, and is whole once the segment is put back', async t => {
  const { project, run, mend } = await damagedShop(t)
  const repaired = await project.waymark('repair', '--yes')
  const [, id = ''] = /waymark repair --undo (\w+)/.exec(repaired.stdout) ?? []
  assert.match((await project.waymark('repair', '--undo', id)).stdout, /1 run as they were/)
  assert.equal((await project.waymark('resume', run)).code, 5)
  const before = calls(project).length
  mend()
  const resumed = await project.waymark('resume', run)
  assert.equal(resumed.code, 0, resumed.stdout + resumed.stderr)
  assert.equal(calls(project).length, before)
})
