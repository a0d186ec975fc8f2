import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const training = `
import { pipeline } from 'waymark'
export default pipeline('train', async (run, params) => {
  await run.event('model_trained', { accuracy: 0.93, apiToken: 'PLANTED-SECRET-2', note: 'say "hi"' }, { status: 'success' })
  await run.stage('check', ctx => ctx.quality({ missingRate: 0.5 }, { status: 'warning' }))
  await run.stage('report', () => { if (params.fail) throw new Error('broken by ' + params['api-token']) })
})
`

test('A9 X13 events are shown for people and programs, filtered, counted, in order, and without what is redacted', async t => {
  const project = await WaymarkProject.create(t, { 'train.ts': training })
  await project.waymark('run', 'train.ts', '--run-id', 'good', '-q')
  await project.waymark('run', 'train.ts', '--fail', '--api-token', 'PLANTED-SECRET-1', '--run-id', 'bad', '-q')

  const shown = await project.waymark('events', 'good')
  assert.equal(shown.code, 0, shown.stderr)
  const types = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => line.split(' ')[1])
  assert.deepEqual(types(shown.stdout), [
    ...['pipeline_start', 'model_trained', 'stage_start', 'data_quality_check', 'checkpoint_saved', 'stage_complete'],
    ...['stage_start', 'checkpoint_saved', 'stage_complete', 'pipeline_complete'],
  ])
  assert.match(
    shown.stdout,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ model_trained +status=success accuracy=0.93 apiToken=\S+ note="say \\"hi\\""$/m,
  )

  const failed = await project.waymark('events', '--status', 'error', '--since', '1h', '--json')
  const lines = jsonLines(failed.stdout)
  assert.deepEqual(
    lines.map(({ type, run, stage, status }) => [type, run, stage, status]),
    [
      ['stage_error', 'bad', 'report', 'error'],
      ['pipeline_error', 'bad', undefined, 'error'],
      ['exit', undefined, undefined, undefined],
    ],
  )
  assert.ok(lines.every(({ schemaVersion, time }) => schemaVersion === 1 && /T.*Z$/.test(String(time))))

  const all = await project.waymark('events', '--limit', '0', '--json')
  for (const { stdout, stderr } of [shown, failed, all]) assert.ok(!`${stdout}${stderr}`.includes('PLANTED-SECRET'))
  const newest = await project.waymark('events', '--limit', '2', '--pipeline', 'train', '--json')
  assert.deepEqual(jsonLines(newest.stdout).slice(0, 2), jsonLines(all.stdout).slice(-3, -1))
  assert.deepEqual(jsonLines(newest.stdout).at(-1)?.['hint'], { command: 'waymark events --pipeline train --limit 0' })

  const found = await project.waymark(
    'events',
    '--grep',
    'say "hi"',
    '--stage',
    'check',
    '--type',
    'stage_start',
    '--type',
    'model_trained',
  )
  assert.equal(found.stdout, '')
  assert.match((await project.waymark('events', '@last', '--grep', 'say "hi"')).stdout, /^\S+ model_trained .*\n$/)

  const summed = await project.waymark('events', 'bad', '--summary', '--json')
  const [summary, exit] = jsonLines(summed.stdout)
  assert.deepEqual(
    [summary?.['type'], summary?.['errors'], summary?.['warnings'], summary?.['stagesCompleted'], exit?.['type'], exit?.['code']],
    ['summary', 2, 1, 1, 'exit', 0],
  )
  assert.match((await project.waymark('events', 'bad', '--summary')).stdout, /2 errors · 1 warnings? · 1 of 2 stages completed/)
})

test('A9 a mistyped type is told with what was meant, nothing found is no failure, and what cannot be is wrong usage', async t => {
  const project = await WaymarkProject.create(t, { 'train.ts': training })
  await project.waymark('run', 'train.ts', '--run-id', 'good', '-q')
  const mistyped = await project.waymark('events', '--type', 'model_traned', '--since', '1h')
  assert.deepEqual([mistyped.code, mistyped.stdout], [0, ''])
  assert.match(mistyped.stderr, /no events fit; did you mean: (npx )?waymark events --type model_trained --since 1h/)
  const none = await project.waymark('events', '--type', 'stage_error', '--json')
  assert.equal(none.code, 0)
  assert.deepEqual(
    jsonLines(none.stdout).map(({ type, code, ok, hint }) => [type, code, ok, hint]),
    [['exit', 0, true, undefined]],
  )
  for (const [args, why] of [
    [['--raw'], /--raw needs a run/],
    [['--summary'], /--summary needs a run/],
    [['--status', 'errr'], /did you mean error/],
    [['--since', 'yesterday'], /--since needs a time/],
    [['--since', '5m', '--until', '1h'], /--until has to be later than --since/],
  ] as const) {
    const wrong = await project.waymark('events', ...args)
    assert.equal(wrong.code, 2, wrong.stdout)
    assert.match(wrong.stderr, why)
  }
})

test('A9 events are followed while another process records them, until Ctrl-C', async t => {
  const project = await WaymarkProject.create(t, { 'train.ts': training })
  await project.waymark('run', 'train.ts', '--run-id', 'first', '-q')
  const following = project.start(['events', '--follow', '--limit', '1', '--json'])
  await following.seen(/"pipeline_complete".*"first"/)
  await project.waymark('run', 'train.ts', '--run-id', 'second', '-q')
  await following.seen(/"pipeline_complete".*"second"/)
  following.signal('SIGINT')
  const { code, stdout } = await following.ended
  const lines = jsonLines(stdout)
  assert.equal(code, 130)
  assert.deepEqual(
    lines.map(({ run, type }) => `${run} ${type}`),
    [
      'first pipeline_complete',
      ...['pipeline_start', 'model_trained', 'stage_start', 'data_quality_check', 'checkpoint_saved', 'stage_complete'].map(
        type => `second ${type}`,
      ),
      ...['stage_start', 'checkpoint_saved', 'stage_complete', 'pipeline_complete'].map(type => `second ${type}`),
      'undefined exit',
    ],
  )
  assert.equal(lines.at(-1)?.['code'], 130)
})
