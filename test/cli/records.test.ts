import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const quant = `
import { pipeline } from 'waymark'
export default pipeline('quant', async (run, params) => {
  for (const [n, ticker] of ['AAA', 'BBB', 'CCC', 'DDD'].entries())
    await run.stage('check', ctx => ctx.record('checks', { ticker, n, status: n === 3 ? 'fail' : 'pass', apiToken: 'PLANTED-SECRET-1', pin: 'PLANTED-SECRET-2' },
      { artifact: { name: n < 2 ? 'plot.png' : ticker + '.png', bytes: Buffer.from('png ' + n) } }), { key: ticker })
  await run.record('notes', { text: 'say "hi"' })
  await run.stage('end', () => { if (params.fail) throw new Error('broken') })
}, { redact: ['metadata.pin'], recordTail: 2 })
`

test('A13 X13 entries are shown by records, at the end of the run, by show and report, for people and programs, without what is redacted', async t => {
  const project = await WaymarkProject.create(t, { 'quant.ts': quant })
  const ended = await project.waymark('run', 'quant.ts', '--run-id', 'good')
  assert.equal(ended.code, 0, ended.stderr)
  const json = await project.waymark('run', 'quant.ts', '--run-id', 'json', '--json')
  const failed = await project.waymark('run', 'quant.ts', '--run-id', 'bad', '--fail')
  assert.equal(failed.code, 3)
  const show = await project.waymark('show', 'good')
  const report = await project.waymark('report', 'good')
  for (const { stdout, stderr } of [ended, failed, show, report]) {
    const text = `${stdout}${stderr}`
    assert.match(text, /checks\s+4 entries: 3 pass, 1 fail/)
    assert.match(text, /ticker=CCC n=2 status=pass/)
    assert.match(text, /ticker=DDD n=3 status=fail.* DDD\.png \([a-z0-9]+, 5 B\)/)
    assert.doesNotMatch(text, /ticker=BBB/)
    assert.match(text, /notes\s+1 entry/)
  }
  const records = await project.waymark('records', 'good')
  assert.match(
    records.stdout,
    /^\d{4}-\S+Z checks +stage=check\[AAA\] ticker=AAA n=0 status=pass apiToken=\S+ pin=\S+ plot\.png \(/,
  )
  assert.equal(records.stdout.trimEnd().split('\n').length, 5)
  const tail = await project.waymark('records', 'good', '--stream', 'checks', '--tail', '1', '--json')
  const [line, exit] = jsonLines(tail.stdout)
  const { time, artifact, entry, ...rest } = line ?? {}
  assert.deepEqual(rest, {
    schemaVersion: 1,
    type: 'record',
    run: 'good',
    stream: 'checks',
    pipeline: 'quant',
    attempt: 1,
    stage: 'check[DDD]',
  })
  assert.match(String(time), /^\d{4}.*\.\d{3}Z$/)
  assert.deepEqual(Object.keys(Object(artifact)).sort(), ['bytes', 'id', 'name'])
  assert.deepEqual([Object(entry).ticker, Object(entry).n], ['DDD', 3])
  assert.deepEqual(exit?.['hint'], { command: 'waymark records good --stream checks --tail 0' })
  const runEnded = jsonLines(json.stdout).find(({ type }) => type === 'run.ended')
  const [shown] = JSON.parse((await project.waymark('show', 'good', '--json')).stdout).data.records
  const [told] = Object(runEnded)['records']
  for (const one of [shown, told]) {
    assert.deepEqual([one.stream, one.entries, one.statuses, one.tail.length], ['checks', 4, { pass: 3, fail: 1 }, 2])
    assert.match(one.tail[0].time, /Z$/)
  }
  const events = await project.waymark('events', 'good', '--type', 'record:checks', '--json')
  for (const { stdout, stderr } of [ended, json, failed, show, report, records, tail, events])
    assert.ok(!`${stdout}${stderr}`.includes('PLANTED-SECRET'))
  const wrong = await project.waymark('records', '--stream', 'cheks')
  assert.equal(wrong.code, 0)
  assert.match(wrong.stderr, /no entries fit; did you mean: .*waymark records --stream checks/)
})

test('A13 export writes the entries that count as they were recorded, in order, with their artifacts as files', async t => {
  const project = await WaymarkProject.create(t, { 'quant.ts': quant })
  await project.waymark('run', 'quant.ts', '--run-id', 'r', '-q')
  await project.waymark('run', 'quant.ts', '--run-id', 'r', '--redo', 'check[AAA]', '-q')
  const done = await project.waymark('export', 'r', '--records', 'checks', '--out', 'x.jsonl', '--artifacts', 'plots', '--json')
  assert.equal(done.code, 0, done.stderr)
  const { path, bytes, ...data } = JSON.parse(done.stdout).data
  assert.deepEqual(data, { run: 'r', stream: 'checks', format: 'jsonl', entries: 4, artifacts: 4, missing: 0 })
  const text = readFileSync(path, 'utf8')
  assert.equal(Buffer.byteLength(text), bytes)
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ entry, attempt, artifact }) => [entry.ticker, entry.apiToken, entry.pin, attempt, artifact.file]),
    [
      ['BBB', 'PLANTED-SECRET-1', 'PLANTED-SECRET-2', 1, 'plot.png'],
      ['CCC', 'PLANTED-SECRET-1', 'PLANTED-SECRET-2', 1, 'CCC.png'],
      ['DDD', 'PLANTED-SECRET-1', 'PLANTED-SECRET-2', 1, 'DDD.png'],
      ['AAA', 'PLANTED-SECRET-1', 'PLANTED-SECRET-2', 2, 'plot-2.png'],
    ],
  )
  const folder = join(project.path, 'plots')
  assert.deepEqual(
    readdirSync(folder)
      .sort()
      .map(name => [name, readFileSync(join(folder, name), 'utf8')]),
    [
      ['CCC.png', 'png 2'],
      ['DDD.png', 'png 3'],
      ['plot-2.png', 'png 0'],
      ['plot.png', 'png 1'],
    ],
  )
  const piped = await project.waymark('export', 'r', '--records', 'checks', '--out', '-')
  assert.deepEqual(
    piped.stdout
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line).artifact.id),
    lines.map(({ artifact }) => artifact.id),
  )
  const again = await project.waymark('export', 'r', '--records', 'checks', '--out', 'x.jsonl')
  assert.match(again.stderr, /exists/)
  const bare = await project.waymark('export', 'r', '--artifacts', 'plots')
  assert.equal(bare.code, 2, bare.stderr)
})
