import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Flags, parseCommandLine } from '../../src/cli/command-line.ts'
import { checkConfig } from '../../src/cli/load-config.ts'
import { settingsOf } from '../../src/cli/settings.ts'
import { isWaymarkError } from '../../src/model/errors.ts'
import { WaymarkProject } from './waymark-project.ts'

const invalid = (message: RegExp) => (error: unknown) =>
  isWaymarkError(error, 'invalid') && message.test(`${error.message} ${error.remedy}`)

test('D9 --every 0 is refused: no number of items is none', async () => {
  await assert.rejects(
    parseCommandLine(['run', 'etl.ts', '--every', '0']),
    invalid(/--every needs a whole number of at least 1, not 0/),
  )
  const { flags } = await parseCommandLine(['run', 'etl.ts', '--restart', '0'])
  assert.equal(flags.count('restart'), 0)
})

test('A5 D9 the retention of the config is checked with its names, and the variable goes before its days', () => {
  const none = new Flags(new Map())
  assert.throws(
    () => checkConfig({ retention: { olderThanDay: 3 } }, 'c.ts'),
    invalid(/retention of c\.ts: .*Did you mean olderThanDays/),
  )
  assert.throws(() => checkConfig({ retention: 7 }, 'c.ts'), invalid(/retention in c\.ts has to be false, or an object/))
  const loaded = { file: '/p/c.ts', config: { retention: { newestRuns: 2 } } }
  assert.deepEqual(settingsOf(none, { WAYMARK_RETENTION_DAYS: '3' }, loaded, '/w').retention, { newestRuns: 2, olderThanDays: 3 })
  assert.deepEqual(settingsOf(none, {}, loaded, '/w').retention, { newestRuns: 2 })
  assert.equal(settingsOf(none, {}, undefined, '/w').retention, undefined)
})

test('A5 E10 a configured retention says what it removed; a stage to stop after that never came is told', async t => {
  const project = await WaymarkProject.create(t, {
    'p.ts': `import { pipeline } from 'waymark'
export default pipeline('p', async run => { await run.stage('extract', () => 'rows'); await run.stage('load', () => 1) })`,
    'q.ts': `import { pipeline } from 'waymark'
export default pipeline('q', async run => { await run.stage('load', () => 1) })`,
    'waymark.config.json': JSON.stringify({ retention: { olderThanDays: 0, newestRuns: 0 } }),
  })
  const first = await project.waymark('run', 'p.ts')
  assert.equal(first.code, 0, first.stderr)
  assert.doesNotMatch(first.stderr, /retention/)
  const second = await project.waymark('run', 'p.ts')
  assert.match(second.stderr, /retention removed 2 checkpoints of runs that ended more than 0 days ago/)
  const never = await project.waymark('run', 'q.ts', '--until', 'laod')
  assert.equal(never.code, 0, never.stderr)
  assert.match(never.stdout, /finished without reaching --until laod.*did you mean.*load/s)
})
