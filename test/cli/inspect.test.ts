import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { threeStages, WaymarkProject } from './waymark-project.ts'

const failing = threeStages.replace("note('report')", "if (params.fail) throw new Error('broken')")

test('ls lists the newest first, counts all, and filters by pipeline and state', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': failing })
  for (const id of ['one', 'two', 'three'])
    await project.waymark('run', 'etl.ts', '--items', '2', '--n', id, '--run-id', id, '-q')
  await project.waymark('run', 'etl.ts', '--items', '2', '--fail', '--run-id', 'bad', '-q')
  const all = await project.waymark('ls', '--limit', '2')
  assert.equal(all.code, 0)
  assert.match(
    all.stdout,
    /RUN +PIPELINE +STATE +NEXT.*\n✗ +bad +orders +failed +resume +2\/3 .*\n✓ +three +orders +completed +show +3\/3 +100 %.*\n2 of 4 runs, newest first · needs you: 1 · next: waymark resume bad\n$/,
  )
  assert.match((await project.waymark('list', '--state', 'completed')).stdout, /three.*\n.*two.*\n.*one.*\n3 runs\n$/)
  assert.match((await project.waymark('ls', '--pipeline', 'other')).stdout, /no runs/)
})

test('show tells of one run, one stage, or one item, by every form of address', async t => {
  const project = await WaymarkProject.create(t, { 'etl.ts': failing })
  await project.waymark('run', 'etl.ts', '--items', '2', '--run-id', 'abcdef-1', '-q')
  await project.waymark('run', 'etl.ts', '--items', '2', '--fail', '--run-id', 'abcdef-2', '-q')
  const shown = await project.waymark('show', 'orders@last')
  assert.match(
    shown.stdout,
    /^✗ orders abcdef-2 · failed .*attempt 1\n +error +Error: broken\n(?: +kept .*\n)? +params +\{"items":"2","fail":true\}\n +file +etl\.ts\n +✓ extract +completed .*◆ c\w+ .*\n +✓ enrich +completed +2 items .*-> out\.jsonl.*\n +✗ report +failed .*Error: broken\n +next +waymark resume abcdef-2/,
  )
  assert.match((await project.waymark('show', '@failed')).stdout, /abcdef-2/)
  assert.match((await project.waymark('show', 'abcdef-1')).stdout, /✓ orders abcdef-1 · completed/)
  assert.doesNotMatch((await project.waymark('show', '@last/extract')).stdout, /enrich/)
  const ambiguous = await project.waymark('show', 'abc')
  assert.equal(ambiguous.code, 2)
  assert.match(ambiguous.stderr, /error conflict .*fits several runs: abcdef-[12], abcdef-[12]/)
  const unknown = await project.waymark('show', 'abcdfe-1')
  assert.equal(unknown.code, 7)
  assert.match(unknown.stderr, /Did you mean abcdef-1/)
  const stage = await project.waymark('show', '@last/extrct')
  assert.equal(stage.code, 7)
  assert.match(stage.stderr, /has no stage "extrct"[\s\S]*waymark show abcdef-2\/extract/)
})

test('show tells of an item whether it is recorded', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': `
      import { pipeline } from 'waymark'
      export default pipeline('items', async run => {
        await run.each('keyed', [{ id: 'a/1' }, { id: 'b' }, { id: 'c' }], (item, ctx) => {
          if (item.id === 'c') throw ctx.fail(new Error('no answer'))
          return ctx.stage('inner', () => 1)
        }, { key: item => item.id })
      })`,
  })
  assert.equal((await project.waymark('run', 'a.ts', '-q')).code, 3)
  assert.match((await project.waymark('show', '@last/keyed/a/1')).stdout, /keyed\[a%2F1\]\/inner +completed/)
  assert.match((await project.waymark('show', '@last/keyed/c')).stdout, /item +c failed \d+ s ago: Error: no answer/)
  const { data } = await project.json('show', '@last/keyed/zzz')
  assert.deepEqual((data as { item: unknown }).item, { key: 'zzz', state: 'not recorded' })
})

test('the store is chosen by flag, variable, config and folder, in this order, and where says why', async t => {
  const project = await WaymarkProject.create(t, { 'jobs/etl.ts': threeStages })
  const where = async (environment: Readonly<Record<string, string>>, ...args: readonly string[]) => {
    const { stdout } = await project.start(['where', ...args, '--json'], environment).ended
    const { path, why } = JSON.parse(stdout).data
    return `${path.slice(project.path.length)} ${why}`
  }
  assert.match(await where({}), /^\/\.waymark none found/)
  await project.waymark('run', 'jobs/etl.ts', '--items', '1', '-q')
  assert.match(await where({}), /^\/\.waymark found in/)
  await project.write('waymark.config.json', '{ "store": "from-config" }')
  assert.match(await where({}), /^\/from-config from .*waymark\.config\.json$/)
  assert.match(await where({ WAYMARK_STORE: 'from-variable' }), /^\/from-variable from WAYMARK_STORE$/)
  assert.match(await where({ WAYMARK_STORE: 'from-variable' }, '--store', 'from-flag'), /^\/from-flag from --store$/)
  const missing = await project.waymark('where', '--store', 'from-flag')
  assert.equal(missing.code, 0)
  assert.match(missing.stdout, /does not exist yet/)
  const there = await project.waymark('where', '--store', '.waymark')
  assert.match(there.stdout, /format +1\.\d+\nholds +1 run, 3 checkpoints\nsize +\d/)
})

test('run looks for the store from the folder of its file, not from where it is called', async t => {
  const project = await WaymarkProject.create(t, { 'a/jobs/etl.ts': threeStages })
  await mkdir(join(project.path, 'a/.waymark'))
  const { code, stderr } = await project.waymark('run', 'a/jobs/etl.ts', '--items', '1')
  assert.equal(code, 0, stderr)
  assert.match(stderr, /store +path=a\/\.waymark why="found above a\/jobs"/)
})

test('a reader that stops reading does not stop the run', async t => {
  const chatty = threeStages.replace("note('report')", "note('report'); for (let i = 0; i < 5000; i++) console.log('line ' + i)")
  const project = await WaymarkProject.create(t, { 'etl.ts': chatty })
  const run = project.start(['run', 'etl.ts', '--items', '3'])
  await run.seen(/run\.start/)
  run.stopReadingStdout()
  const { code, stderr } = await run.ended
  assert.equal(code, 0, stderr)
  assert.equal((await project.lines('calls.txt')).at(-1), 'report')
})
