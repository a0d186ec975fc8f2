import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

/** Stages nobody is told of beforehand; what `report` gives is in a file. */
const undeclared = `
import { existsSync } from 'node:fs'
import { pipeline } from 'waymark'
export default pipeline('undeclared', async run => {
  await run.stage('extract', () => 1)
  await run.stage('report', () => existsSync('other') ? 3 : 2)
  await run.stage('mail', () => { if (existsSync('down')) throw new Error('no server') })
})
`

test('E10 a mistyped --until on the first run leaves a completed run, and says what it came to; then it is refused before anything runs', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': undeclared })
  const first = await project.waymark('run', 'etl.ts', '--until', 'reprot')
  assert.equal(first.code, 0, first.stderr)
  assert.match(
    first.stdout,
    /undeclared \w+ completed.*note +finished without reaching --until reprot \(stages seen: extract, report, mail\); did you mean --until report\?/s,
  )
  const again = await project.waymark('run', 'etl.ts', '--until', 'reprot')
  assert.equal(again.code, 2)
  assert.match(again.stderr, /there is no stage "reprot" to stop after.*Did you mean --until report\?/s)
  const { data } = (await project.json('ls')) as { data: { runs: { state: string }[] } }
  assert.deepEqual(
    data.runs.map(({ state }) => state),
    ['completed'],
  )
})

test('E10 a mistyped --only on the first run leaves a paused run that goes on, not a failed one', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': undeclared })
  const first = await project.waymark('run', 'etl.ts', '--only', 'reprot', '--json')
  assert.equal(first.code, 2, first.stderr)
  const ended = jsonLines(first.stdout).find(({ type }) => type === 'run.ended')
  assert.deepEqual([ended?.['state'], ended?.['errorCheckpoint']], ['paused', undefined])
  const shown = await project.waymark('run', 'etl.ts', '--only', 'reprot')
  assert.match(shown.stderr, /◔ \w+ paused after.*no stage "reprot" was reached: the stages it came to are extract/s)
  assert.equal((await project.waymark('resume')).code, 0)
})

test('X1 E10 what was redone and why stands in the summary, in the JSON and in the report, of a run that completed and of one that failed', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': undeclared, down: '' })
  assert.equal((await project.waymark('run', 'etl.ts', '--run-id', 'r1')).code, 3)
  await project.write('other', '')
  const failed = await project.waymark('resume', 'r1', '--redo', 'extract')
  assert.equal(failed.code, 3)
  assert.match(failed.stderr, /redone +extract \(asked for with --redo\)/)
  await project.remove('down')
  const done = await project.waymark('resume', 'r1', '--redo', 'report', '--json')
  assert.equal(done.code, 0, done.stderr)
  const { proof } = jsonLines(done.stdout).find(({ type }) => type === 'run.ended') as { proof: { redone: unknown } }
  assert.deepEqual(proof.redone, [
    { path: 'report', why: 'asked for with --redo' },
    { path: 'mail', why: 'report was redone and its result changed' },
  ])
  const from = await project.waymark('resume', 'r1', '--from', 'report')
  assert.match(from.stdout, /redone +report \(asked for with --from report\), mail \(asked for with --from report\)\n/)
  const report = await project.waymark('report', 'r1')
  assert.match(report.stdout, /redone +report \(asked for with --from report\), mail \(asked for with --from report\)\n/)
  const json = (await project.json('report', 'r1')) as { data: { attempts: { proof: { redone?: unknown[] } }[] } }
  assert.deepEqual(
    json.data.attempts.map(attempt => attempt.proof.redone?.length),
    [undefined, 1, 2, 2],
  )
  const again = await project.waymark('run', 'etl.ts')
  assert.doesNotMatch(again.stdout, /redone/)
})
