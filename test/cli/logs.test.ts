import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const many = `
import { pipeline } from 'waymark'
export default pipeline('many', async run => {
  for (let i = 0; i < 150; i++) await run.stage('part', () => i, { key: i })
})
`

test('A8 D9 a config turns log files on: a line an event, none of it on the terminal, and one file of each stage', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'
export default pipeline('small', async run => (await run.stage('one', () => 1)) + (await run.stage('two', () => 2)))
`,
    'waymark.config.yaml': 'logs:\n  folder: told\n  perStage: true\n',
  })
  const { code, stdout, stderr } = await project.waymark('run', 'a.ts')
  assert.equal(code, 0, stderr)
  assert.ok(!`${stdout}${stderr}`.includes('event_type'))
  const lines = jsonLines(await project.read('told/pipeline.log'))
  assert.deepEqual(
    lines.map(({ event_type, stage }) => [event_type, stage].filter(Boolean).join(' ')),
    [
      'pipeline_start',
      'stage_start one',
      'checkpoint_saved one',
      'stage_complete one',
      'stage_start two',
      'checkpoint_saved two',
      'stage_complete two',
      'checkpoint_saved',
      'pipeline_complete',
    ],
  )
  assert.deepEqual((await readdir(join(project.path, 'told', 'stages'))).sort(), ['one.log', 'two.log'])
})

const printing = `
import { pipeline } from 'waymark'
console.log('while it is loaded')
export default pipeline('prints', async (run, params) => {
  console.log('begins with', params['api-token'])
  for (let i = 0; i < 3_000; i++) console[i % 2 === 0 ? 'log' : 'error']('line ' + i)
  process.stdout.write('x'.repeat(200_000) + '\\n')
  if (params.die) {
    // What has not left the process is lost with it.
    await new Promise(resolve => process.stdout.write('', resolve))
    await new Promise(resolve => process.stderr.write('last words', resolve))
    process.kill(process.pid, 'SIGKILL')
    await new Promise(() => setInterval(() => {}, 1_000))
  }
})
`

test('A8 what a pipeline prints is in pipeline.log, all of it in order, masked and in lines of bounded length, also the last words of one that is killed', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': printing,
    'waymark.config.yaml': 'logs:\n  folder: told\n  console: true\n  maxBytes: 100000000\n',
  })
  const { code, stdout, stderr } = await project.waymark(
    'run',
    'a.ts',
    '--run-id',
    'r',
    '--api-token',
    'PLANTED-SECRET-1',
    '--die',
    '--restart',
    '1',
  )
  assert.equal(code, 3, stderr.slice(-1_000))
  const file = await project.read('told/pipeline.log')
  assert.ok(!`${file}${stdout}${stderr}`.includes('PLANTED-SECRET'))
  const lines = jsonLines(file)
  for (const attempt of [1, 2]) {
    const printed = lines.filter(line => line['event_type'] === 'log' && line['attempt'] === attempt)
    const [first, second, ...more] = printed.filter(({ stream }) => stream === 'stdout').map(({ msg }) => String(msg))
    assert.deepEqual([first, second], ['while it is loaded', 'begins with •••'])
    const numbers = (wanted: string): readonly string[] =>
      printed.filter(({ stream, msg }) => stream === wanted && /^line/.test(String(msg))).map(({ msg }) => String(msg))
    const expected = Array.from({ length: 3_000 }, (_, i) => `line ${i}`)
    assert.deepEqual(
      numbers('stdout'),
      expected.filter((_, i) => i % 2 === 0),
    )
    assert.deepEqual(
      numbers('stderr'),
      expected.filter((_, i) => i % 2 === 1),
    )
    const long = more.filter(text => text.startsWith('x'))
    assert.equal(long.join(''), 'x'.repeat(200_000))
    for (const piece of long) assert.ok(piece.length <= 128 * 1024, `${piece.length}`)
    assert.equal(printed.filter(({ msg }) => msg === 'last words').length, 1)
    for (const line of printed) {
      assert.deepEqual(
        [line['run'], line['pipeline'], line['level']],
        ['r', 'prints', line['stream'] === 'stdout' ? 'info' : 'warn'],
      )
      assert.match(String(line['timestamp']), /^\d{4}-\S+Z$/)
    }
  }
  // What the log itself writes to stderr is not printed by the pipeline.
  assert.equal(lines.filter(({ msg }) => String(msg).includes('event_type')).length, 0)
  assert.equal((await project.waymark('run', 'a.ts', '--run-id', 'whole')).code, 0)
  assert.doesNotMatch(await project.read('told/events/events.log'), /"event_type":"log"/)
})

test('A8 where nothing is logged, what is printed is in no file; below the level it is not written', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': printing })
  await project.waymark('run', 'a.ts', '-q')
  assert.ok(!(await readdir(project.path)).includes('logs'))
  await project.start(['run', 'a.ts', '-q', '--fresh'], { WAYMARK_LOGS_LEVEL: 'warn' }).ended
  const lines = jsonLines(await project.read('logs/pipeline.log'))
  assert.deepEqual([...new Set(lines.map(({ level, stream }) => `${level} ${stream}`))], ['warn stderr'])
  assert.equal(lines.length, 1_500)
})

test('A8 a disk of logs that is full stops nothing: it is said once, and all events are in the store', async t => {
  const disk = await mkdtemp(join(tmpdir(), 'waymark-logs-'))
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48k', 'tmpfs', disk]).status !== 0)
    return t.skip('no file system can be mounted here')
  t.after(() => {
    spawnSync('umount', [disk])
    return rmdir(disk)
  })
  const project = await WaymarkProject.create(t, { 'a.ts': many })
  const { code, stderr } = await project.start(['run', 'a.ts'], { WAYMARK_LOGS_FOLDER: disk }).ended
  assert.equal(code, 0, stderr)
  assert.equal(stderr.match(/pipeline\.log cannot be written: .*no space/gi)?.length, 1, stderr)
  const { stdout } = await project.waymark('events', '@last', '--type', 'stage_complete', '--limit', '500', '--json')
  assert.equal(jsonLines(stdout).filter(({ type }) => type === 'stage_complete').length, 150)
})

test('A8 A7 a pipeline that is killed stands in the log files once an attempt, with what ended it, as it does in the events', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'
export default pipeline('killed', run =>
  run.stage('die', async () => {
    process.kill(process.pid, 'SIGKILL')
    await new Promise(() => setInterval(() => {}, 1_000))
  }),
)
`,
    'waymark.config.yaml': 'logs:\n  folder: told\n  console: true\n',
  })
  const { code, stderr } = await project.waymark('run', 'a.ts', '--run-id', 'r', '--restart', '1', '--backoff', '1')
  assert.equal(code, 3, stderr)
  for (const name of ['pipeline.log', 'events/events.log', 'errors/errors.log']) {
    const ends = jsonLines(await project.read(`told/${name}`)).filter(({ event_type }) => event_type === 'pipeline_error')
    assert.deepEqual(
      ends.map(({ level, run, pipeline, attempt }) => [level, run, pipeline, attempt]),
      [
        ['error', 'r', 'killed', 1],
        ['error', 'r', 'killed', 2],
      ],
      name,
    )
  }
  const [first] = jsonLines(await project.read('told/errors/errors.log'))
  assert.deepEqual(first?.['err'], { name: 'Crash', message: 'the process was killed by SIGKILL' })
  assert.equal(first?.['msg'], 'pipeline_error: Crash: the process was killed by SIGKILL')
  assert.equal(stderr.match(/^\{.*"event_type":"pipeline_error"/gm)?.length, 2, stderr)
})

test('A8 the log lines of a crash are masked as those of the pipeline’s own process', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { pipeline } from 'waymark'
export default pipeline('killed', async (run, params) => {
  await run.each('parts', [params['api-token']], async (_, ctx) => {
    await ctx.each('inner', [1, 2, 3], async n => {
      if (n < 3) return n
      await new Promise(resolve => setTimeout(resolve, 1_500))
      process.kill(process.pid, 'SIGKILL')
      await new Promise(() => setInterval(() => {}, 1_000))
    }, { key: String, concurrency: 1 })
  }, { key: String })
})
`,
    'waymark.config.yaml': 'logs:\n  folder: told\n',
  })
  const { code, stderr } = await project.waymark('run', 'a.ts', '--api-token', 'PLANTED-SECRET-1')
  assert.equal(code, 3, stderr)
  const file = await project.read('told/events/events.log')
  assert.match(file, /"event_type":"pipeline_error"/)
  assert.doesNotMatch(file, /PLANTED-SECRET/)
})

test('A8 log files that cannot be written are told of while the pipeline runs, once, in JSON too; and at the end how many lines are missing', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `import { existsSync } from 'node:fs'
import { pipeline } from 'waymark'
export default pipeline('waits', run =>
  run.stage('wait', async () => {
    for (let i = 0; i < 200 && !existsSync('go'); i++) await new Promise(resolve => setTimeout(resolve, 50))
    return existsSync('go') ? 'told in time' : 'nobody told'
  }),
)
`,
    blocked: 'no folder',
  })
  const running = project.start(['run', 'a.ts', '--json'], { WAYMARK_LOGS_FOLDER: 'blocked' })
  await running.seen(/"notice".*log files in .*cannot be written/)
  await project.write('go', '')
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 0, stderr)
  const told = jsonLines(stdout)
  assert.equal(told.find(({ type }) => type === 'result')?.['value'], 'told in time')
  const notices = told.filter(({ type }) => type === 'notice').map(({ message }) => String(message))
  assert.equal(notices.filter(text => text.includes('cannot be written')).length, 1, notices.join('\n'))
  // pipeline_start, stage_start, two checkpoints, stage_complete, pipeline_complete.
  assert.match(notices.at(-1) ?? '', /lines that are missing: 6 in pipeline\.log, 6 in events\/events\.log$/)
})
