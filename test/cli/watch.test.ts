import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { heldRun } from './held-run.ts'
import { jsonLines, threeStages, WaymarkProject } from './waymark-project.ts'

interface Told {
  readonly type: string
  readonly stage?: string
  readonly counts?: { readonly done: number; readonly total?: number }
  readonly atRisk?: number
  readonly code?: number
  readonly error?: { readonly message: string }
  readonly hint?: { readonly command: string }
}

test('two that watch see how far it is, what is not saved included, and end with its exit code', async t => {
  const { project, running, letGo } = await heldRun(t)
  const plain = project.start(['watch', '--every', '1'])
  const json = project.start(['watch', '@last', '--json'])
  await Promise.all([plain.seen(/progress +stage=enrich pct=33 done=10\/30/), json.seen(/"type":"progress".*"done":10\b/)])
  await letGo()
  const [one, two, ended] = await Promise.all([plain.ended, json.ended, running.ended])
  assert.deepEqual([one.code, two.code, ended.code], [0, 0, 0])
  assert.match(
    one.stderr,
    /watch +run=\w+ pipeline=orders attempt=1 pid=\d+.*stage\.done +stage=extract.*stage\.done +stage=enrich items=30.*stage\.done +stage=report/s,
  )
  assert.match(one.stdout, /^✓ orders \w{6} completed in .*saved +extract/s)
  const told = jsonLines(two.stdout) as unknown as Told[]
  assert.equal(told[0]?.type, 'watching')
  const seen = told.find(({ type, counts }) => type === 'progress' && counts?.done === 10)
  assert.deepEqual([seen?.stage, seen?.counts?.total], ['enrich', 30])
  assert.deepEqual([told.at(-1)?.type, told.at(-1)?.code], ['exit', 0])
})

test('Ctrl-C in watch does not touch the run; when its process is killed, whoever watches sees it crash, with what to do next (B6, B7)', async t => {
  const { project, running } = await heldRun(t)
  const impatient = project.start(['watch', '@last'])
  const patient = project.start(['watch', '@last', '--json'])
  await Promise.all([impatient.seen(/progress|stage\.done/), patient.seen(/"type":"progress"/)])
  impatient.signalGroup('SIGINT')
  const gone = await impatient.ended
  assert.equal(gone.code, 130)
  assert.match(gone.stderr, /run \w{6} goes on, unwatched; watch it again with: waymark watch \w{6}\n$/)
  const { data } = await project.json('show', '@last')
  assert.equal((data as { run: { state: string } }).run.state, 'running')
  running.signalGroup('SIGKILL')
  const ended = await patient.ended
  assert.equal(ended.code, 3)
  const last = (jsonLines(ended.stdout) as unknown as Told[]).at(-1)
  assert.match(last?.error?.message ?? '', /^run \w+ of orders crashed: process \d+ on \S+ is gone/)
  assert.match(last?.hint?.command ?? '', /^waymark resume \w{6}$/)
  const late = await project.waymark('watch', '@last')
  assert.equal(late.code, 3)
  assert.match(late.stderr, /crashed.*do +waymark resume/s)
  assert.equal((await project.waymark('watch')).code, 7)
})

test('SIGUSR1 to the command or to the pipeline’s process prints one line of status and stops nothing', async t => {
  const { project, running, letGo } = await heldRun(t)
  const { data } = await project.json('show', '@last')
  running.signal('SIGUSR1')
  await running.seen(/status +run=\w+ attempt=1 stages=1\/3 .*stage=enrich pct=33 done=10\/30/)
  await pause(400)
  process.kill((data as { run: { owner: { pid: number } } }).run.owner.pid, 'SIGUSR1')
  await running.seen(/(status +run=[\s\S]*){2}/)
  await letGo()
  const { code, stderr } = await running.ended
  assert.equal(code, 0, stderr)
  assert.doesNotMatch(stderr, /[Dd]ebugger/)
  assert.equal(stderr.match(/ status +run=/g)?.length, 2)
})

test('--every N writes a line of progress each N items off a terminal (B10)', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': threeStages })
  const { code, stderr } = await project.waymark('run', 'etl.ts', '--items', '40', '--ms', '100', '--every', '10')
  assert.equal(code, 0, stderr)
  const lines = stderr.match(/ progress +stage=enrich .*done=\d+\/40/g) ?? []
  assert.ok(lines.length >= 2 && lines.length <= 4, stderr)
})
