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
