import assert from 'node:assert/strict'
import { test } from 'node:test'
import { poisonProject, takeCalls } from './poison-project.ts'
import { jsonLines } from './waymark-project.ts'

test('requeue marks the items and goes on with the run at once; only they are called (X5)', async t => {
  const project = await poisonProject(t)
  await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  await takeCalls(project)
  const written = await project.read('out.jsonl')
  const [none, plan, near] = await Promise.all([
    project.waymark('requeue', 'r1'),
    project.waymark('requeue', 'r1', '--all', '--plan'),
    project.waymark('requeue', 'r1', '--key', 'o-33'),
  ])
  assert.equal(none.code, 2)
  assert.match(none.stderr, /2 items are set aside; say which: --key KEY, --group GROUP or --all/)
  assert.equal(plan.code, 0)
  assert.match(
    plan.stdout,
    /^↻ 2 items of orders r1 would be called again\n +items +enrich: o-3, o-7\n +because +Error: HTTP 413 for o-7 .*\n +after +report: reused; .*--redo report\n +next +waymark requeue r1 --all\n$/,
  )
  assert.equal(near.code, 7)
  assert.match(near.stderr, /did you mean o-3\?/)
  assert.deepEqual(await takeCalls(project), [])

  await project.write('mended', '')
  const one = await project.waymark('requeue', 'r1/enrich', '--key', 'o-3')
  assert.equal(one.code, 4, one.stderr)
  assert.match(
    one.stderr,
    /reuse +report +finished and recorded; its input changes: 1 item of enrich is called again; redo with --redo report/,
  )
  assert.deepEqual(await takeCalls(project), ['o-3'])

  const rest = await project.waymark('requeue', 'r1', '--all', '--redo', 'report', '--json')
  assert.equal(rest.code, 0)
  const lines = jsonLines(rest.stdout)
  assert.deepEqual(
    [lines[0]?.['type'], lines[0]?.['total'], lines[0]?.['left'], lines.at(-1)?.['type']],
    ['requeued', 1, 0, 'exit'],
  )
  assert.deepEqual(await takeCalls(project), ['o-7', 'report'])
  const after = await project.read('out.jsonl')
  assert.ok(after.startsWith(written))
  assert.equal(after.trimEnd().split('\n').length, 10)

  const nothing = await project.waymark('requeue', 'r1', '--all')
  assert.deepEqual([nothing.code, nothing.stdout], [0, 'nothing is set aside in orders r1: nothing is called again\n'])
})

test('--no-run only marks: ls shows the run as unfinished, and resume goes on with it', async t => {
  const project = await poisonProject(t)
  await project.waymark('run', 'etl.ts', '--run-id', 'r1', '-q')
  await takeCalls(project)
  await project.write('mended', '')
  const marked = await project.waymark('requeue', '@last', '--all', '--no-run')
  assert.match(marked.stdout, /2 items of orders r1 are called again\n[\s\S]*next +waymark resume r1\n$/)
  const [listed, item, shown] = await Promise.all([
    project.waymark('ls', '--state', 'paused'),
    project.waymark('items', 'r1/enrich/o-3'),
    project.waymark('show', 'r1'),
  ])
  assert.match(listed.stdout, /r1 +orders +paused +.*2\/3/)
  assert.match(item.stdout, /o-3 {2}requeued/)
  assert.match(shown.stdout, /2 items are called again when the run goes on/)
  const resumed = await project.waymark('resume')
  assert.equal(resumed.code, 0, resumed.stderr)
  assert.match(resumed.stderr, /r1 was completed, and work of it is to be done again/)
  assert.deepEqual((await takeCalls(project)).sort(), ['o-3', 'o-7'])
})

test('a run that a living process works on is not requeued, and not reset', async t => {
  const project = await poisonProject(t)
  await project.write('hold', '')
  const running = project.start(['run', 'etl.ts', '--run-id', 'r1'])
  while (!(await project.lines('calls.txt')).includes('o-9')) await new Promise(resolve => setTimeout(resolve, 20))
  // Until what is finished so far is recorded.
  for (;;) {
    const { data } = (await project.json('items', 'r1')) as { data: { setAside: number } }
    if (data.setAside === 2) break
  }
  const refused = await Promise.all([
    project.waymark('requeue', 'r1', '--all'),
    project.waymark('reset', 'r1', '--yes'),
    project.waymark('reset', 'r1/enrich', '--yes'),
    project.waymark('reset', '--all', '--yes', '--json'),
  ])
  for (const { code, stdout, stderr } of refused) {
    assert.equal(code, 6, stderr)
    assert.match(stdout + stderr, /is being worked on by process/)
  }
  await project.remove('hold')
  assert.equal((await running.ended).code, 4)
})
