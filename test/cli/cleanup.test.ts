import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { open, pipeline } from 'waymark'
import { WaymarkProject } from './waymark-project.ts'

test('cleanup shows what it would delete and waits for --yes; the count is told (A5, B9)', async t => {
  const project = await WaymarkProject.create(t)
  const store = await open(join(project.path, '.waymark'))
  const work = pipeline('orders', run => run.stage('extract', () => 'x'.repeat(100)))
  for (let n = 0; n < 12; n++) await work.run({ n: String(n) }, { store })
  await store.close()

  const [waits, plan, json, wrong] = await Promise.all([
    project.waymark('cleanup', '--days', '0'),
    project.waymark('cleanup', '--days', '0', '--plan'),
    project.waymark('cleanup', '--days', '0', '--json'),
    project.waymark('cleanup', '--days', 'x'),
  ])
  assert.match(
    plan.stdout,
    /^↻ would delete 4 checkpoints of 2 runs that ended more than 0 days ago\n +bytes +\d+ B as they were saved; freed by a prune, not by this\n +keeps +20 checkpoints, .*: among the newest runs of its pipeline\n$/,
  )
  assert.equal(plan.code, 0)
  assert.deepEqual([waits.code, waits.stdout], [9, plan.stdout])
  assert.match(waits.stderr, /do +waymark cleanup --days 0 --yes\n$/)
  const document = JSON.parse(json.stdout)
  assert.deepEqual([json.code, document.ok, document.data.checkpoints, document.error.code], [9, false, 4, 'confirmation'])
  assert.equal(wrong.code, 2)

  const done = await project.waymark('cleanup', '--days', '0', '--yes')
  assert.match(done.stdout, /^✓ deleted 4 checkpoints of 2 runs/)
  const [young, again] = await Promise.all([project.json('cleanup'), project.json('cleanup', '--days', '0', '--yes')])
  assert.equal((young['data'] as { checkpoints: number }).checkpoints, 0)
  assert.deepEqual(again['data'], {
    ...(again['data'] as object),
    planned: false,
    checkpoints: 0,
    removed: [],
    storedBytes: 0,
  })
})
