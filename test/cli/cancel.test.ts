import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertExactOutput, heldRun } from './held-run.ts'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

test('cancel from another terminal ends a run whose items ignore their signal; resume refuses it, --fresh begins a new one', async t => {
  const { project, running, letGo } = await heldRun(t, '--json')
  const cancelled = await project.json('cancel', '@last')
  assert.deepEqual((cancelled['data'] as { how: string; run: { state: string } }).how, 'obeyed')
  const ended = await running.ended
  assert.equal(ended.code, 3)
  const last = jsonLines(ended.stdout).at(-1) as {
    type: string
    code: number
    error: { code: string }
    hint: { command: string }
  }
  assert.deepEqual([last.type, last.code, last.error.code], ['exit', 3, 'cancelled'])
  assert.match(last.hint.command, /^waymark resume \w+ --fresh$/)
  await letGo()
  const refused = await project.waymark('resume', '@last')
  assert.equal(refused.code, 2)
  assert.match(refused.stderr, /error conflict .*was cancelled by process .*--fresh/s)
  const fresh = await project.waymark('resume', '@last', '--fresh')
  assert.equal(fresh.code, 0, fresh.stderr)
  const { data } = await project.json('ls')
  assert.deepEqual(
    (data as { runs: { state: string }[] }).runs.map(({ state }) => state),
    ['completed', 'cancelled'],
  )
  await assertExactOutput(project)
})

test('a run that is paused between two attempts of --restart is not begun again', async t => {
  const project = await WaymarkProject.create(t, {
    'bad.ts': `import { pipeline } from 'waymark'
export default pipeline('bad', run => run.stage('a', () => { throw new Error('no network') }))`,
  })
  const running = project.start(['run', 'bad.ts', '--restart', '3', '--backoff', '4000'])
  await running.seen(/restarting/)
  const paused = await project.waymark('pause', '@last')
  assert.equal(paused.code, 0, paused.stderr)
  const ended = await running.ended
  assert.equal(ended.code, 9, ended.stderr)
  const { data } = await project.json('show', '@last')
  assert.deepEqual((data as { run: { attempt: number } }).run.attempt, 1)
})
