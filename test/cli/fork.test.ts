import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WaymarkProject } from './waymark-project.ts'

const etl = `
import { appendFileSync } from 'node:fs'
import { pipeline } from 'waymark'
import { z } from 'zod'
const note = (text: string) => appendFileSync(import.meta.dirname + '/calls.txt', text + '\\n')

export default pipeline('orders', async (run, { top }) => {
  const rows = run.stage('extract', () => {
    note('extract')
    return [1, 2, 3]
  })
  const done = await run.each('enrich', rows, n => {
    note('item ' + n)
    return n * 10
  })
  return run.stage('report', async () => {
    note('report')
    return { sum: (await done.results().toArray()).reduce((a, b) => a + b, 0), top }
  })
}, { stages: ['extract', 'enrich', 'report'], params: z.object({ top: z.number().default(5) }) })
`

const etlProject = async (t: Parameters<typeof WaymarkProject.create>[0]) => {
  const project = await WaymarkProject.create(t, { 'etl.ts': etl })
  const ended = await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  assert.equal(ended.code, 0, ended.stderr)
  await project.remove('calls.txt')
  return project
}

test('X6 fork makes a new run that resume goes on with, and says what it is and what to type', async t => {
  const project = await etlProject(t)
  const forked = await project.waymark('fork', 'r1', '--before', 'report', '--run-id', 'r2', '--param', 'top=20')
  assert.equal(
    forked.stdout,
    '✓ new run r2 from r1 (before report), original untouched\n' +
      '  has      2 stages and 3 items recorded; nothing was copied\n' +
      '  params   top changed from here on\n' +
      'next: waymark resume r2\n',
  )
  const [show, ls] = await Promise.all([project.waymark('show', 'r2'), project.waymark('ls')])
  assert.match(show.stdout, /lineage +r1 completed\n +`- r2 initialized before report {2}\(this run\)/)
  assert.match(show.stdout, /extract +completed.*from r1/)
  assert.match(ls.stdout, /r2 +orders from r1 +initialized/)

  const resumed = await project.waymark('resume', 'r2', '--progress', 'plain')
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.match(resumed.stdout + resumed.stderr, /reused from r1/)
  assert.match(resumed.stdout + resumed.stderr, /changed since r1: top/)
  assert.deepEqual(await project.lines('calls.txt'), ['report'])
  // An item that it was forked with is found in it.
  assert.match((await project.waymark('show', 'r2/enrich/1')).stdout, /item +1 recorded/)
  const [result] = ((await project.json('checkpoints', 'r2', '--type', 'result'))['data'] as { checkpoints: { id: string }[] })
    .checkpoints
  assert.match((await project.waymark('show', result?.id ?? '', '--value')).stdout, /sum: 60, top: 20/)
  assert.match((await project.waymark('show', 'r1')).stdout, /`- r2 completed before report/)
})

test('X6 fork in JSON, at a checkpoint by the beginning of its id', async t => {
  const project = await etlProject(t)
  const { checkpoints } = (await project.json('checkpoints', 'r1/extract'))['data'] as { checkpoints: { id: string }[] }
  const id = checkpoints[0]?.id ?? ''
  const forked = await project.json('fork', id.slice(0, 8), '--run-id', 'r2')
  const data = forked['data'] as { run: string; stages: number; forkedFrom: Record<string, unknown> }
  assert.deepEqual([data.run, data.stages, data.forkedFrom['run'], data.forkedFrom['checkpoint']], ['r2', 1, 'r1', id])
  assert.deepEqual(forked['hint'], { command: 'waymark resume r2' })
  const shown = (await project.json('show', 'r1'))['data'] as { lineage: { run: string; forks: { run: string }[] } }
  assert.deepEqual([shown.lineage.run, shown.lineage.forks[0]?.run], ['r1', 'r2'])
})

test('X6 wrong input is refused with a cause and a way out, and nothing is made', async t => {
  const project = await etlProject(t)
  const [unknown, stage, used, param, wrongParam, schema] = await Promise.all([
    project.waymark('fork', 'zz'),
    project.waymark('fork', 'r1/reprt'),
    project.waymark('fork', 'r1', '--run-id', 'r1'),
    project.waymark('fork', 'r1', '--param', 'top'),
    project.waymark('fork', 'r1', '--param', 'tip=3'),
    project.waymark('fork', 'r1', '--param', 'top=many'),
  ])
  assert.deepEqual(
    [unknown, stage, used, param, wrongParam, schema].map(({ code }) => code),
    [7, 7, 2, 2, 2, 2],
  )
  assert.match(stage?.stderr ?? '', /Did you mean report/)
  assert.match(used?.stderr ?? '', /in use/)
  assert.match(wrongParam?.stderr ?? '', /top/)
  assert.match(schema?.stderr ?? '', /top/)
  assert.equal(((await project.json('ls'))['data'] as { runs: unknown[] }).runs.length, 1)
})

test('X6 what a fork stands on is kept by reset and cleanup, which say so', async t => {
  const project = await etlProject(t)
  await project.waymark('fork', 'r1/extract', '--run-id', 'r2', '-q')
  const reset = await project.waymark('reset', 'r1', '--yes')
  assert.match(reset.stdout, /kept +1 checkpoint: forked by r2\n/)
  const cleanup = await project.waymark('cleanup', '--days', '0')
  assert.equal(cleanup.code, 0)
  assert.equal((await project.waymark('resume', 'r2', '-q')).code, 0)
  assert.deepEqual(await project.lines('calls.txt'), ['item 1', 'item 2', 'item 3', 'report'])
})

test('E9 merge tells what both changed, is told whose counts, and saves the result with its parents', async t => {
  const project = await WaymarkProject.create(t, {
    'base.json': '{ "limit": 1, "rows": [{ "id": "a", "n": 1 }] }',
    'ours.json': '{ "limit": 2, "rows": [{ "id": "a", "n": 1 }, { "id": "b", "n": 2 }] }',
    'theirs.json': '{ "limit": 3, "rows": [{ "id": "a", "n": 9 }] }',
  })
  for (const name of ['base', 'ours', 'theirs'])
    assert.equal(
      (await project.waymark('import', `${name}.json`, '--store', '.waymark', '--run', name, '--stage', 'plan')).code,
      0,
    )
  const sides = ['base/plan', 'ours/plan', 'theirs/plan']
  const told = await project.waymark('merge', ...sides)
  assert.equal(told.code, 0, told.stderr)
  assert.match(told.stdout, /1 conflict to decide/)
  assert.match(told.stdout, /limit {2}undecided\n +base 1 {2}ours 2 {2}theirs 3/)
  const refused = await project.waymark('merge', ...sides, '--save-as', 'best/plan')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /both changed limit[\s\S]*--take 'limit=ours'/)
  const saved = await project.json('merge', ...sides, '--take', 'limit=theirs', '--save-as', 'best/plan')
  const data = saved['data'] as {
    saved: { id: string; run: string; metadata: Record<string, unknown> }
    value: unknown
    merged: unknown
  }
  assert.deepEqual(data.value, {
    limit: 3,
    rows: [
      { id: 'a', n: 9 },
      { id: 'b', n: 2 },
    ],
  })
  assert.equal(data.saved.run, 'best')
  assert.deepEqual(data.saved.metadata['mergedFrom'], data.merged)
  assert.match((await project.waymark('show', data.saved.id, '--path', 'rows[1].n', '--value')).stdout, /2/)
})
