import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const work = `
import { pipeline } from 'waymark'
export default pipeline('rec', async run => {
  for (const key of ['T6', 'T7']) await run.stage('check', ctx => ctx.record('checks', { key }), { key })
  await run.each('it', ['a', 'b/c'], async (key, ctx) => { await ctx.event('seen', { key }); await ctx.record('items', { key }) }, { key: key => key })
})
`

test('A9 A13 an address with a key shows that item only, and --raw refuses it', async t => {
  const project = await WaymarkProject.create(t, { 'rec.ts': work })
  await project.waymark('run', 'rec.ts', '--run-id', 'r', '-q')
  const shown = async (...words: string[]) => {
    const { stdout } = await project.waymark(...words, '--json')
    return jsonLines(stdout).flatMap(({ type, stage, item }) => (type === 'exit' ? [] : [`${type} ${stage} ${item}`]))
  }
  assert.deepEqual(await shown('events', 'rec@last/it/b/c'), ['seen it b/c', 'record:items it b/c'])
  assert.deepEqual(await shown('events', 'r/it/zzz'), [])
  assert.deepEqual(await shown('records', 'rec@last/it/a'), ['record it a'])
  assert.deepEqual(await shown('records', 'rec@last/check/T7'), ['record check[T7] undefined'])
  const raw = await project.waymark('events', 'r/it/a', '--raw')
  assert.deepEqual([raw.code, raw.stdout], [2, ''])
  assert.match(raw.stderr, /not of one item/)
  const call = await project.waymark('events', 'r/check/T7', '--raw')
  assert.match(call.stdout, /check\[T7\]/)
  assert.doesNotMatch(call.stdout, /T6/)
  const all = await project.waymark('events', 'r', '--raw')
  const unlimited = await project.waymark('events', 'r', '--raw', '--limit', '0')
  assert.ok(all.stdout.length > 0)
  assert.equal(unlimited.stdout, all.stdout)
})

test('A9 A13 a pipeline, stage or stream that there is not is told with what was meant, or what there is', async t => {
  const project = await WaymarkProject.create(t, { 'rec.ts': work })
  await project.waymark('run', 'rec.ts', '--run-id', 'r', '-q')
  for (const [args, said] of [
    [['events', '--pipeline', 'rce'], /no events fit; did you mean: .*waymark events --pipeline rec\n/],
    [['events', '--pipeline', 'nothing'], /there is no pipeline "nothing"; there are: rec\n/],
    [['events', 'r/chek'], /did you mean: .*waymark events r\/check\n/],
    [['events', 'r', '--stage', 'nostage'], /there is no stage "nostage"; there are: check, it\n/],
    [['records', '--stage', 'chek', '--stream', 'cheks'], /did you mean: .*waymark records --stream checks --stage check\n/],
    [['records', 'r/nostage'], /no entries fit; there is no stage "nostage"; there are: check, it\n/],
    [['events', 'r/it/zzz'], /no events fit\n/],
  ] as const) {
    const { code, stdout, stderr } = await project.waymark(...args)
    assert.deepEqual([code, stdout], [0, ''], stderr)
    assert.match(stderr, said)
  }
  const json = await project.waymark('events', '--pipeline', 'rce', '--json')
  assert.deepEqual(jsonLines(json.stdout).at(-1)?.['hint'], { command: 'waymark events --pipeline rec' })
  for (const out of ['n.jsonl', '-']) {
    const refused = await project.waymark('export', 'rec@last', '--records', 'cheks', '--out', out)
    assert.notEqual(refused.code, 0)
    assert.match(refused.stderr, /did you mean checks\?/)
  }
  assert.ok(!existsSync(join(project.path, 'n.jsonl')))
})

test('A9 events --follow that is stopped by a signal ends with its exit code in the last line too', async t => {
  const project = await WaymarkProject.create(t, { 'rec.ts': work })
  await project.waymark('run', 'rec.ts', '--run-id', 'r', '-q')
  const following = project.start(['events', '--follow', '--limit', '1', '--json'])
  await following.seen(/"pipeline_complete"/)
  following.signal('SIGTERM')
  const { code, stdout } = await following.ended
  const last = jsonLines(stdout).at(-1)
  assert.deepEqual([code, last?.['type'], last?.['code'], Object(last?.['error']).code], [143, 'exit', 143, 'cancelled'])
})
