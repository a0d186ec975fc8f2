import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { open, table } from 'waymark'
import { WaymarkProject } from './waymark-project.ts'

const pipeline = `
import { pipeline, table } from 'waymark'
export default pipeline('shop', async run => {
  await run.stage('prices', () => table([{ name: 'tea', price: 2.5 }, { name: 'rum', price: 12 }]))
  for (const month of ['01', '02']) await run.stage('month', () => table([{ month }]), { key: month })
  return run.stage('note', () => 'no table')
}, { stages: ['prices', 'month', 'note'] })
`

async function finishedRun(t: TestContext): Promise<{ readonly project: WaymarkProject; readonly run: string }> {
  const project = await WaymarkProject.create(t, { 'shop.ts': pipeline })
  const { code, stderr } = await project.waymark('run', 'shop.ts')
  assert.equal(code, 0, stderr)
  const store = await open({ path: join(project.path, '.waymark') })
  const [run] = await store.runs()
  await store.save({ id: 'by-hand', run: 'labels', stage: 'prices', value: table([{ hand: true }]) })
  await store.close()
  return { project, run: run?.id ?? '' }
}

test('A1 a table is exported by every address: RUN/STAGE, PIPELINE@last/STAGE, RUN/STAGE[KEY], the label of a checkpoint', async t => {
  const { project, run } = await finishedRun(t)
  const cases: readonly (readonly [string, string])[] = [
    [`${run}/prices`, 'name,price\ntea,2.5\nrum,12\n'],
    [`${run.slice(0, 5)}/prices`, 'name,price\ntea,2.5\nrum,12\n'],
    ['shop@last/prices', 'name,price\ntea,2.5\nrum,12\n'],
    ['shop@last/month[01]', 'month\n01\n'],
    ['@last/month/01', 'month\n01\n'],
    ['shop@last/month', 'month\n02\n'],
    ['labels/prices', 'hand\ntrue\n'],
  ]
  const store = await open({ path: join(project.path, '.waymark') })
  for (const [address, csv] of cases) {
    assert.equal((await buffer(store.export(address, { format: 'csv' }))).toString(), csv, address)
  }
  await store.close()
  for (const [address, csv] of cases) {
    const { code, stdout, stderr } = await project.waymark('export', address, '--csv', '--out', '-')
    assert.deepEqual([code, stdout, stderr], [0, csv, ''], address)
  }
  assert.equal((await project.waymark('export', 'shop@last/prices', '--out', 'prices.csv')).code, 0)
  assert.equal(readFileSync(join(project.path, 'prices.csv'), 'utf8'), cases[0]?.[1])
})

test('A1 a run has no table: it is refused, by the command and by the store, with the stage to write instead, and nothing is written', async t => {
  const { project, run } = await finishedRun(t)
  const before = readdirSync(project.path)
  for (const [flags, again] of [
    [['--parquet'], '--format parquet'],
    [['--out', 'x.csv'], '--format csv'],
    [['--format', 'wmk'], '--format wmk'],
    [['--path', 'a.b'], '--path a.b'],
  ] as const) {
    for (const address of ['shop@last', run]) {
      const { code, stdout, stderr } = await project.waymark('export', address, ...flags)
      assert.deepEqual([code, stdout], [2, ''], flags.join(' '))
      assert.ok(stderr.includes(`waymark export '${run}/month[02]' ${again}`), stderr)
    }
  }
  assert.equal((await project.waymark('export', `${run}/prises`, '--parquet')).code, 7)
  assert.deepEqual(readdirSync(project.path), before)
  const store = await open({ path: join(project.path, '.waymark') })
  const target = join(project.path, 'run.parquet')
  for (const address of [run, 'shop@last']) {
    await assert.rejects(store.exportTo(target, address, { format: 'parquet' }), { code: 'invalid', message: /names a run/ })
    await assert.rejects(store.export(address).next(), { code: 'invalid', remedy: new RegExp(`${run}/note`) })
  }
  await assert.rejects(store.export('nothing').next(), { code: 'not_found' })
  await store.close()
  assert.ok(!existsSync(target))
  assert.equal((await project.waymark('export', 'shop@last')).code, 0)
})

test('[A14] show of one stage tells what its table holds, as show of its checkpoint does; of a run, and of a stage without, nothing', async t => {
  const { project, run } = await finishedRun(t)
  const facts =
    /\n {2}table {4}the value itself\n {11}2 rows of 2 columns · loads as rows\n[\s\S]*\n {11}price +float64 +0 +2 +2\.5 +12\b/
  assert.match((await project.waymark('show', 'shop@last/prices')).stdout, facts)
  assert.match((await project.waymark('show', `${run}/month[02]`)).stdout, /\n {11}month +utf8 +0 +1 +02 +02\n/)
  for (const address of ['shop@last', 'shop@last/note', 'shop@last/month'])
    assert.doesNotMatch((await project.waymark('show', address)).stdout, /rows of/)
  const { data } = (await project.json('show', 'shop@last/prices')) as { data: { checkpoints: { tables: object[] }[] } }
  const [facted] = data.checkpoints
  assert.deepEqual(Object(facted?.tables[0])['facts'].columns[1].max, 12)
})
