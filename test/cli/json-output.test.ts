import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonLines, WaymarkProject } from './waymark-project.ts'

const talkative = `
import { pipeline } from 'waymark'
process.stdout.write('half a line')
export default pipeline('talkative', async (run, params) => {
  console.log('{"type":"exit","code":99}')
  console.error('on stderr')
  await run.stage('one', () => {
    process.stdout.write('in a stage\\nand more')
    return { at: new Date(0), big: 12345678901234567890n }
  })
  if (params.fail) throw new Error('after all')
  return { at: new Date(0), big: 12345678901234567890n, map: new Map([['a', 1]]) }
})
`

test('stdout is pure JSON, whatever the pipeline prints, on success and on failure (X13)', async t => {
  const project = await WaymarkProject.create(t, {
    'a.ts': talkative,
    'waymark.config.ts': 'console.log("from the config")\nexport default {}',
  })
  for (const [args, exit] of [
    [[], 0],
    [['--fail'], 3],
  ] as const) {
    const { code, stdout } = await project.waymark('run', 'a.ts', ...args, '--json')
    assert.equal(code, exit, stdout)
    const lines = jsonLines(stdout)
    for (const line of lines) {
      assert.equal(line['schemaVersion'], 1)
      assert.equal(typeof line['type'], 'string')
      assert.match(String(line['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    }
    const last = lines.at(-1)
    assert.equal(last?.['type'], 'exit')
    assert.equal(last?.['code'], exit)
    assert.equal(lines.filter(line => line['type'] === 'exit').length, 1)
    const logs = lines.filter(line => line['type'] === 'log').map(line => [line['stream'], line['text']])
    assert.deepEqual(
      logs.filter(([stream]) => stream === 'stdout').map(([, text]) => text),
      ['half a line{"type":"exit","code":99}', 'in a stage', 'and more'],
    )
    assert.ok(logs.some(([stream, text]) => stream === 'stderr' && text === 'on stderr'))
    const kinds = lines.map(line => line['type'])
    assert.ok(kinds.indexOf('plan') < kinds.indexOf('stage.started'))
    assert.ok(kinds.includes('run.ended'))
    const run = lines.find(line => line['type'] === 'run.started')?.['run']
    assert.ok(lines.slice(kinds.indexOf('plan')).every(line => line['run'] === run))
  }
})

test('a result is printed as far as JSON can say it', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': talkative })
  const { stdout } = await project.waymark('run', 'a.ts', '--json')
  const result = jsonLines(stdout).find(line => line['type'] === 'result')
  assert.deepEqual(result?.['value'], { at: '1970-01-01T00:00:00.000Z', big: '12345678901234567890', map: { a: 1 } })
})

test('without --json what the pipeline writes goes to the stream it was written to', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': talkative })
  const { stdout, stderr } = await project.waymark('run', 'a.ts')
  assert.match(stdout, /^half a line\{"type":"exit","code":99\}\nin a stage\nand more\n✓ talkative/)
  assert.match(stderr, /^on stderr$/m)
})

test('commands that end print one document, with a hint of what to try next', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': talkative })
  await project.waymark('run', 'a.ts', '--quiet')
  await project.waymark('run', 'a.ts', '--fail', '--quiet')
  for (const args of [['ls'], ['show', '@last'], ['where'], ['--version'], ['help', 'run'], ['run', 'a.ts', '--help']]) {
    const { code, stdout, stderr } = await project.waymark(...args, '--json')
    assert.equal(code, 0, args.join(' '))
    assert.equal(stdout.trimEnd().split('\n').length, 1)
    const document = JSON.parse(stdout)
    assert.deepEqual(
      [document.schemaVersion, document.ok, typeof document.command, typeof document.data],
      [1, true, 'string', 'object'],
      args.join(' '),
    )
    assert.equal(stderr, '')
  }
  const listed = await project.json('ls')
  assert.match(JSON.stringify(listed['hint']), /waymark resume \w{6}/)
})

test('events --raw prints every record under its own type, without the bytes that were saved', async t => {
  const project = await WaymarkProject.create(t, { 'a.ts': talkative })
  await project.waymark('run', 'a.ts', '--quiet')
  const { code, stdout } = await project.waymark('events', 'talkative@last', '--raw', '--json')
  assert.equal(code, 0)
  const lines = jsonLines(stdout)
  assert.deepEqual(
    lines.map(line => line['type']),
    ['run.created', 'attempt.started', 'stage.started', 'stage.done', 'attempt.ended', 'exit'],
  )
  assert.doesNotMatch(stdout, /"bytes":\[|"bytes":\{/)
  const one = await project.waymark('events', '@last/one', '--raw', '--json', '--limit', '1')
  assert.deepEqual(
    jsonLines(one.stdout).map(line => line['type']),
    ['stage.done', 'exit'],
  )
})
